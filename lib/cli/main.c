/* SPDX-License-Identifier: MIT */
/* The program `safespawn`: help, version and the choice of a subcommand. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const char usage[] =
	"Usage: safespawn run [--fork=rescue|lean|off] [--report[=FILE]] [--] PROGRAM [ARG...]\n"
	"       safespawn preflight [--check] [--exact] [--json | --metrics] [--watch SECONDS]\n"
	"                           [--proc DIR] [PID... | --all]\n"
	"       safespawn demo [--size SIZE]\n"
	"       safespawn --version | --help\n";

static const char help[] =
	"\n"
	"  run        run PROGRAM under the shim, so its commands start whatever its size\n"
	"  preflight  say which processes here could not fork, and why\n"
	"  demo       show the problem and the cure on this machine\n"
	"\n"
	"Exit status: that of PROGRAM; 125 safespawn itself failed, 126 PROGRAM cannot be run,\n"
	"127 PROGRAM was not found. The manual is safespawn(1).\n";

int cli_help(void)
{
	return cli_print(usage, help);
}

static int subcommand(int argc, char **argv)
{
	if (!strcmp(argv[0], "run"))
		return cli_run(argc, argv);
	if (!strcmp(argv[0], "preflight"))
		return cli_preflight(argc, argv);
	if (!strcmp(argv[0], "demo"))
		return cli_demo(argc, argv);
	return cli_fail("unknown command '%s'; see safespawn --help", argv[0]);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs(usage, stderr);
		return CLI_FAILED;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return cli_help();
	if (!strcmp(argv[1], "--version"))
		return cli_print("safespawn " SAFESPAWN_VERSION, "\n");
	if (argv[1][0] == '-')
		return cli_fail("unknown option '%s'; see safespawn --help", argv[1]);
	return subcommand(argc - 1, argv + 1);
}
