/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/preflight_list.h"

struct request {
	bool all, json, exact;
	const char *dir; /* NULL: the running kernel's /proc */
	char **pids;     /* up to NULL */
};

static const char usage[] =
	"Usage: safespawn preflight [--json] [--exact] [--proc DIR] [PID... | --all]\n"
	"Says which processes could not fork now, and why. Without a PID: all of them.\n"
	"\n"
	"  --all       every process that can be read, the most worrying first\n"
	"  --exact     read every mapping's flags, also where the answer is clear without\n"
	"  --json      for programs; the format is in safespawn-preflight(1)\n"
	"  --proc DIR  a copy of /proc instead of the running kernel's\n";

/* Above all characters: what getopt leaves in optopt is then clear. */
enum { ALL = 256, EXACT, HELP, JSON, PROC };

static int help(void)
{
	if (fputs(usage, stdout) < 0 || fflush(stdout) != 0)
		return cli_fail("cannot write to standard output");
	return CLI_OK;
}

static int wrong_option(const char *word)
{
	if (optopt == 0)
		return cli_fail("preflight: unknown option '%s'; see preflight --help", word);
	if (optopt >= ALL)
		return cli_fail("preflight: '%s' takes no argument", word);
	return cli_fail("preflight: unknown option '-%c'; see preflight --help", optopt);
}

/* 0, or the exit status plus one. */
static int parse_options(int argc, char **argv, struct request *r)
{
	static const struct option options[] = {
		{"all", no_argument, NULL, ALL},
		{"exact", no_argument, NULL, EXACT},
		{"help", no_argument, NULL, HELP},
		{"json", no_argument, NULL, JSON},
		{"proc", required_argument, NULL, PROC},
		{NULL, 0, NULL, 0},
	};
	int c;
	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (c) {
		case ALL:
			r->all = true;
			break;
		case EXACT:
			r->exact = true;
			break;
		case JSON:
			r->json = true;
			break;
		case PROC:
			r->dir = optarg;
			break;
		case HELP:
		case 'h':
			return help() + 1;
		case ':':
			return cli_fail("preflight: '%s' needs an argument", argv[optind - 1]) + 1;
		default:
			return wrong_option(argv[optind - 1]) + 1;
		}
	}
	r->pids = argv + optind;
	if (r->all && r->pids[0])
		return cli_fail("preflight: either --all or PIDs") + 1;
	r->all = r->all || !r->pids[0];
	return 0;
}

static bool parse_pid(const char *text, pid_t *pid)
{
	uint64_t value;
	const char *end = text[0] >= '0' && text[0] <= '9' ? ss__scan_decimal(text, &value) : NULL;
	if (!end || *end || value == 0 || value > INT32_MAX)
		return false;
	*pid = (pid_t)value;
	return true;
}

/* What the whole answer rests on: which of it is it? */
static int cannot_read(const struct request *r, const struct source *source, int error)
{
	static const char *const files[] = {"sys/vm/overcommit_memory", "meminfo"};
	char text[16];
	size_t last = sizeof files / sizeof files[0] - 1, i = 0;
	while (i < last && ss__read_text(source->proc, files[i], text, sizeof text) >= 0)
		i++;
	return cli_fail("preflight: %s/%s: %s%s", r->dir ? r->dir : "/proc", files[i],
		strerror(-error), !r->dir && error == -ENOENT ? "; is /proc mounted?" : "");
}

static int collect(
	const struct request *r, const struct source *source, struct preflight_list *list)
{
	enum look least = r->exact ? LOOK_SMAPS : LOOK_MAPS;
	int error = ss__read_system(source, &list->system);
	if (error)
		return cannot_read(r, source, error);
	if (r->all)
		error = preflight_list_all(list, source, least);
	for (char **p = r->pids; !error && *p; p++) {
		pid_t pid = 0;
		if (!parse_pid(*p, &pid))
			return cli_fail("preflight: '%s' is not a PID", *p);
		error = preflight_list_add(list, source, pid, least);
	}
	return error ? cli_fail("preflight: %s", strerror(-error)) : CLI_OK;
}

static int report(const struct request *r, struct preflight_list *list)
{
	size_t unread = 0;
	if (r->all)
		preflight_list_sort(list);
	if (r->json)
		preflight_write_json(list, stdout);
	else if (r->all)
		preflight_write_table(list, stdout);
	for (size_t i = 0; i < list->n; i++) {
		unread += list->entries[i].error != 0;
		if (!r->json && !r->all)
			preflight_write_entry(&list->entries[i], stdout);
	}
	if (fflush(stdout) || ferror(stdout))
		return cli_fail("cannot write to standard output");
	return unread > 0 && unread == list->n ? CLI_FAILED : CLI_OK;
}

int cli_preflight(int argc, char **argv)
{
	struct request request = {0};
	struct preflight_list list = {0};
	struct source source;
	int status = parse_options(argc, argv, &request);
	if (status)
		return status - 1;
	int error = ss__source_open(&source, request.dir);
	if (error)
		return cli_fail(
			"preflight: %s: %s", request.dir ? request.dir : "/proc", strerror(-error));
	source.census = &list.census;
	status = collect(&request, &source, &list);
	ss__source_close(&source);
	if (status == CLI_OK)
		status = report(&request, &list);
	preflight_list_free(&list);
	return status;
}
