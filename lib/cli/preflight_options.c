/* SPDX-License-Identifier: MIT */
/* The command line of `safespawn preflight`. */
#include "cli/preflight_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const char usage[] =
	"Usage: safespawn preflight [OPTION...] [PID... | --all]\n"
	"Says which processes could not fork now, and why. Without a PID: all of them.\n"
	"\n"
	"  --all        every process that can be read, the most worrying first\n"
	"  --check      exit status 1: one of them could not fork; 2: for one it is uncertain\n"
	"  --exact      read every mapping's flags even where the answer is clear without\n"
	"  --json       for programs; the format is in safespawn-preflight(1)\n"
	"  --metrics    for Prometheus; the format is in safespawn-preflight(1)\n"
	"  --watch SEC  look again every SEC seconds; with --check until one could not fork\n"
	"  --proc DIR   a copy of /proc instead of the running kernel's\n";

/* Above all characters, so that optopt distinguishes long options from short ones. */
enum { ALL = 256, CHECK, EXACT, HELP, JSON, METRICS, PROC, WATCH };

static int wrong_option(const char *word)
{
	if (optopt == 0)
		return cli_fail("preflight: unknown option '%s'; see preflight --help", word);
	if (optopt >= ALL)
		return cli_fail("preflight: '%s' takes no argument", word);
	return cli_fail("preflight: unknown option '-%c'; see preflight --help", optopt);
}

/* Decimal, from a millisecond to a day. */
static bool parse_seconds(const char *text, uint64_t *ms)
{
	char *end;
	if (text[strspn(text, "0123456789.")])
		return false;
	double seconds = strtod(text, &end);
	if (*end || seconds < 0.001 || seconds > 86400)
		return false;
	*ms = (uint64_t)(seconds * 1000);
	return true;
}

/* As preflight_options_parse. */
static int take_option(int option, const char *word, struct preflight_options *o)
{
	switch (option) {
	case ALL:
		o->all = true;
		return 0;
	case CHECK:
		o->check = true;
		return 0;
	case EXACT:
		o->exact = true;
		return 0;
	case JSON:
		o->format = PREFLIGHT_JSON;
		return 0;
	case METRICS:
		o->format = PREFLIGHT_METRICS;
		return 0;
	case PROC:
		o->dir = optarg;
		return 0;
	case WATCH:
		if (parse_seconds(optarg, &o->watch_ms))
			return 0;
		return cli_fail("preflight: --watch takes a number of seconds, not '%s'", optarg) +
		       1;
	case HELP:
	case 'h':
		return cli_print(usage, "") + 1;
	case ':':
		return cli_fail("preflight: '%s' needs an argument", word) + 1;
	default:
		return wrong_option(word) + 1;
	}
}

int preflight_options_parse(int argc, char **argv, struct preflight_options *o)
{
	static const struct option options[] = {
		{"all", no_argument, NULL, ALL},
		{"check", no_argument, NULL, CHECK},
		{"exact", no_argument, NULL, EXACT},
		{"help", no_argument, NULL, HELP},
		{"json", no_argument, NULL, JSON},
		{"metrics", no_argument, NULL, METRICS},
		{"proc", required_argument, NULL, PROC},
		{"watch", required_argument, NULL, WATCH},
		{NULL, 0, NULL, 0},
	};
	int option, status = 0;
	optind = 1;
	opterr = 0;
	while (!status && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1)
		status = take_option(option, argv[optind - 1], o);
	if (status)
		return status;
	o->pids = argv + optind;
	if (o->all && o->pids[0])
		return cli_fail("preflight: give either --all or PIDs") + 1;
	o->all = o->all || !o->pids[0];
	return 0;
}
