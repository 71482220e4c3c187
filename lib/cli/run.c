/* SPDX-License-Identifier: MIT */
/* `safespawn run`: starts a program under the shim. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/reach.h"
#include "cli/shim.h"
#include "preload/report_target.h"

struct run_options {
	const char *fork; /* NULL: as in the environment */
	bool report;
	const char *report_file; /* NULL: standard error, where it is this program's */
	char **argv;
};

static int unknown_option(const char *word)
{
	if (optopt)
		return cli_fail("run: unknown option '-%c'; see safespawn --help", optopt);
	return cli_fail("run: unknown option '%s'; see safespawn --help", word);
}

static bool is_fork_mode(const char *text)
{
	return !strcmp(text, "rescue") || !strcmp(text, "lean") || !strcmp(text, "off");
}

/* CLI_OK, or the exit status. CLI_OK without a program after --help. */
static int parse(struct run_options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"help", no_argument, NULL, 'h'},
		{"fork", required_argument, NULL, 'f'},
		{"report", optional_argument, NULL, 'r'},
		{0},
	};
	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, "+:h", known, NULL)) != -1;)
		switch (c) {
		case 'f':
			if (!is_fork_mode(optarg))
				return cli_fail(
					"run: --fork takes rescue, lean or off, not '%s'", optarg);
			options->fork = optarg;
			break;
		case 'r':
			if (optarg && !optarg[0])
				return cli_fail("run: --report= needs a file name");
			options->report = true;
			options->report_file = optarg;
			break;
		case 'h':
			return cli_help();
		case ':':
			return cli_fail("run: option '%s' needs a value", argv[optind - 1]);
		default:
			return unknown_option(argv[optind - 1]);
		}
	if (optind == argc)
		return cli_fail("run: no program to run; see safespawn --help");
	options->argv = argv + optind;
	return CLI_OK;
}

/*
 * Checked now, because a process under the shim cannot report an error. A FIFO is not opened,
 * because its reader would take the close for the end of the report.
 */
static bool can_write(const char *name)
{
	struct stat file;
	if (stat(name, &file) == 0 && S_ISFIFO(file.st_mode))
		return access(name, W_OK) == 0;
	int fd =
		open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	return fd >= 0 && close(fd) == 0;
}

static int set_report(const char *text)
{
	return setenv("SAFESPAWN_REPORT", text, 1) < 0 ? cli_fail("%s", strerror(errno)) : CLI_OK;
}

/* /dev/stdout and /dev/fd/N are another file in each process. The report goes there only where the
 * name leads to the same pipe as here. */
static int report_to_own(const char *name)
{
	char directory[PATH_MAX] = "", path[2 * PATH_MAX], text[2 * PATH_MAX + 64];
	struct stat file;
	if (stat(name, &file) < 0 || (name[0] != '/' && !getcwd(directory, sizeof directory)))
		return cli_fail("cannot write the report to %s: %s", name, strerror(errno));
	snprintf(path, sizeof path, "%s%s%s", directory, directory[0] ? "/" : "", name);
	report_target_format(text, sizeof text, &file, path);
	return set_report(text);
}

static int report_to_file(const char *name)
{
	if (!can_write(name))
		return cli_fail("cannot write the report to %s: %s", name, strerror(errno));
	char *path = realpath(name, NULL);
	int status = path ? set_report(path) : report_to_own(name);
	free(path);
	return status;
}

/* No report if standard error is closed. */
static int report_to_stderr(void)
{
	char text[64];
	struct stat file;
	if (fstat(STDERR_FILENO, &file) < 0)
		return unsetenv("SAFESPAWN_REPORT");
	report_target_format(text, sizeof text, &file, "");
	return set_report(text);
}

static int report_to(const char *name)
{
	if (!name || report_target_descriptor(name) == STDERR_FILENO)
		return report_to_stderr();
	return strcmp(name, "-") ? report_to_file(name) : set_report(name);
}

/* NULL: the reason has been printed. */
static char *find_shim(void)
{
	char *shim = shim_find();
	if (!shim)
		cli_fail("cannot find libsafespawn_preload.so, neither beside this program "
			 "nor in " SAFESPAWN_LIBDIR);
	if (!shim || shim_is_usable(shim))
		return shim;
	cli_fail("%s is not a library for this machine", shim);
	free(shim);
	return NULL;
}

static int set_environment(const struct run_options *options, const char *shim)
{
	int error = shim_preload(shim);
	if (error == -EINVAL)
		return cli_fail(
			"%s: LD_PRELOAD cannot hold a path with a space, a colon or a dollar",
			shim);
	if (error < 0)
		return cli_fail("%s", strerror(-error));
	if (options->fork && setenv("SAFESPAWN_FORK", options->fork, 1) < 0)
		return cli_fail("%s", strerror(errno));
	if (!options->report)
		return CLI_OK;
	return report_to(options->report_file);
}

/* The loader of another architecture or libc would complain of the shim in every process, or give
 * up. */
static bool accepts_shim(enum reach reach)
{
	return reach != REACH_MACHINE && reach != REACH_LIBC;
}

static void explain(enum reach reach, const char *program, const char *found)
{
	static const char *const why[] = {
		[REACH_STATIC] = "is statically linked: the shim cannot reach it, only dynamically "
				 "linked programs that it starts",
		[REACH_MACHINE] = "is for another architecture: it and what it starts run without "
				  "the shim",
		[REACH_LIBC] = "uses another C library: it and what it starts run without the shim",
		[REACH_PRIVILEGED] =
			"gains rights by exec: for safety the dynamic loader keeps the shim "
			"out of it and of what it starts",
	};
	if (reach == REACH_YES)
		return;
	if (strcmp(program, found))
		fprintf(stderr, "safespawn: %s (%s) %s\n", program, found, why[reach]);
	else
		fprintf(stderr, "safespawn: %s %s\n", program, why[reach]);
}

static int run(char **argv)
{
	char missing[PATH_MAX];
	execvp(argv[0], argv);
	int error = errno;
	if (error == ENOENT && reach_missing(argv[0], missing))
		cli_fail(
			"cannot run %s: its interpreter %s: %s", argv[0], missing, strerror(error));
	else
		cli_fail("cannot run %s: %s", argv[0], strerror(error));
	return error == ENOENT || error == ENOTDIR ? CLI_NOT_FOUND : CLI_CANNOT_RUN;
}

int cli_run(int argc, char **argv)
{
	struct run_options options = {0};
	char found[PATH_MAX];

	int status = parse(&options, argc, argv);
	if (status != CLI_OK || !options.argv)
		return status;
	char *shim = find_shim();
	if (!shim)
		return CLI_FAILED;
	enum reach reach = reach_program(options.argv[0], shim, found);
	if (accepts_shim(reach))
		status = set_environment(&options, shim);
	free(shim);
	if (status != CLI_OK)
		return status;
	explain(reach, options.argv[0], found);
	return run(options.argv);
}
