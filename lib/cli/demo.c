/* SPDX-License-Identifier: MIT */
/* `safespawn demo`: the problem and the cure side by side. Changes no setting of the machine. */
#include "cli/demo.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <safespawn.h>

#include "cli/cli.h"
#include "cli/demo_size.h"
#include "cli/meminfo.h"
#include "preflight/text.h"
#include "preload/settings.h"

struct demo_options {
	bool help;
	uint64_t size; /* 0: as much as there is room for */
};

static const char *const names[DEMO_WAYS] = {
	"fork() and exec()",
	"posix_spawn(), libc's own",
	"ss_spawn()",
};

static const char *error_text(int error)
{
	return error == ECHILD ? "it failed" : strerror(error);
}

static void print_outcome(const char *name, const struct demo_outcome *outcome)
{
	printf("  %-44s %2d of %d", name, outcome->worked, DEMO_ROUNDS);
	if (outcome->worked)
		printf("   %8.2f ms   %8.2f ms", (double)outcome->median_ns / 1e6,
			(double)outcome->worst_ns / 1e6);
	if (outcome->error)
		printf("   %s", error_text(outcome->error));
	putchar('\n');
	fflush(stdout);
}

static void print_header(void)
{
	printf("\n  %-44s  worked        median       slowest\n", "");
	fflush(stdout);
}

/* Without the shim this line is left out, and the rest works. */
static void print_shimmed(const struct demo_load *load, const char *mode)
{
	struct demo_outcome outcome;
	char name[64];
	snprintf(name, sizeof name, "the same fork, safespawn run --fork=%s", mode);
	if (demo_measure(&outcome, load, mode) == 0)
		print_outcome(name, &outcome);
}

static int measure(struct demo_outcome outcomes[DEMO_WAYS], const struct demo_load *load)
{
	char size[SIZE_TEXT];
	int error = demo_measure(outcomes, load, NULL);
	if (error < 0)
		return cli_fail("demo: a process of %s: %s", ss__size_text(size, load->bytes),
			error == -EPROTO ? "it was killed; out of memory?" : strerror(-error));
	print_header();
	for (int i = 0; i < DEMO_WAYS; i++)
		print_outcome(names[i], &outcomes[i]);
	return CLI_OK;
}

static void compare_times(const struct demo_outcome *slow, const struct demo_outcome *quick)
{
	double times = quick->median_ns ? (double)slow->median_ns / (double)quick->median_ns : 0;
	if (slow->worked && quick->worked && times >= 2)
		printf("\n  fork() took %.0f times as long as ss_spawn(): it copies the page "
		       "tables of all the\n  memory, and exec() throws the copy away.\n",
			times);
	else if (slow->worked && quick->worked)
		printf("\n  fork() is quick for a process of this size. It copies more as the "
		       "process "
		       "grows.\n");
	else if (!slow->worked && slow->error == ENOMEM)
		printf("\n  fork() was refused: the kernel would have had to promise all that "
		       "memory once more.\n");
}

static int show_time(uint64_t bytes)
{
	struct demo_outcome outcomes[DEMO_WAYS];
	struct demo_load load = {.bytes = bytes};
	char size[SIZE_TEXT];

	printf("1. A process that uses %s starts the program `" DEMO_PROGRAM "` %d times.\n",
		ss__size_text(size, bytes), DEMO_ROUNDS);
	if (measure(outcomes, &load) != CLI_OK)
		return CLI_FAILED;
	print_shimmed(&load, "lean");
	compare_times(&outcomes[DEMO_FORK], &outcomes[DEMO_SPAWN]);
	return CLI_OK;
}

static uint64_t left_to_promise(const struct machine_memory *info)
{
	return info->committed_bytes < info->limit_bytes ? info->limit_bytes - info->committed_bytes
							 : 0;
}

/* So much memory that fork is refused; 0: nothing is refused here. With policy 2 all processes
 * share the limit, so it is the smallest amount that will do. */
static uint64_t too_much(const struct machine_memory *info)
{
	uint64_t left = left_to_promise(info);
	uint64_t enough = info->overcommit == 0   ? info->total_bytes + info->total_bytes / 4
			  : info->overcommit == 2 ? left / 2 + left / 8
						  : 0;
	return enough < DEMO_ADDRESSES ? enough : DEMO_ADDRESSES;
}

static int show_refusal(const struct machine_memory *info, const struct demo_room *room)
{
	struct demo_outcome outcomes[DEMO_WAYS];
	struct demo_load load = {.bytes = too_much(info), .promised = true};
	char size[SIZE_TEXT];

	if (!load.bytes) {
		printf("\nHere the kernel promises any amount of memory (vm.overcommit_memory is "
		       "1), so "
		       "it refuses no\nfork for its size. With the settings 0 and 2 it does.\n");
		return CLI_OK;
	}
	if (load.bytes > room->mappings) {
		printf("\nA limit of this shell (ulimit -v or -d) keeps a process too small for "
		       "the "
		       "kernel to refuse its\nfork.\n");
		return CLI_OK;
	}
	printf("\n2. A process that has been promised %s, and uses next to nothing of it, "
	       "does the same.\n",
		ss__size_text(size, load.bytes));
	if (measure(outcomes, &load) != CLI_OK)
		return CLI_FAILED;
	print_shimmed(&load, "rescue");
	if (outcomes[DEMO_FORK].error == ENOMEM)
		printf("\n  fork() was refused: the kernel would have to promise the whole size "
		       "again, and has\n  %s%s (vm.overcommit_memory is %d).\n",
			ss__size_text(size,
				info->overcommit == 2 ? left_to_promise(info) : info->total_bytes),
			info->overcommit == 2 ? " left" : "", info->overcommit);
	else if (outcomes[DEMO_FORK].worked)
		printf("\n  This kernel allowed the fork().\n");
	return CLI_OK;
}

static int show_next_steps(void)
{
	const char *name = program_invocation_name;
	printf("\nTo see which processes here could not fork, and why:\n"
	       "      %s preflight --all\n"
	       "To run a program as it is, with the cure:\n"
	       "      %s run PROGRAM [ARG...]\n",
		name, name);
	if (!strchr(name, '/'))
		puts("To read on:\n      man safespawn");
	return fflush(stdout) != 0 || ferror(stdout) ? cli_fail("cannot write to standard output")
						     : CLI_OK;
}

static uint64_t limit_of(int resource)
{
	struct rlimit limit;
	return getrlimit(resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX
										  : limit.rlim_cur;
}

static struct demo_room room_here(const struct machine_memory *info)
{
	struct ss_preflight report = {.size = sizeof report};
	uint64_t space = limit_of(RLIMIT_AS), data = limit_of(RLIMIT_DATA);
	struct demo_room room = {
		.available = info->available_bytes,
		.cgroup = UINT64_MAX,
		.mappings = space < data ? space : data,
		.promise = UINT64_MAX,
	};
	if (ss_preflight(&report, 0) == 0)
		room.cgroup = report.cgroup_headroom_bytes;
	if (info->overcommit == 2)
		room.promise = left_to_promise(info);
	return room;
}

/* CLI_OK, or the exit status. */
static int parse(struct demo_options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"help", no_argument, NULL, 'h'},
		{"size", required_argument, NULL, 's'},
		{0},
	};
	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":h", known, NULL)) != -1;)
		if (c == 'h')
			options->help = true;
		else if (c == ':')
			return cli_fail("demo: option '%s' needs a value", argv[optind - 1]);
		else if (c == '?')
			return cli_fail("demo: unknown option '%s'; see safespawn --help",
				argv[optind - 1]);
		else if (!settings_parse_size(&options->size, optarg) || !options->size)
			return cli_fail("demo: --size takes a size such as 512M, not '%s'", optarg);
	if (optind < argc)
		return cli_fail(
			"demo: unexpected argument '%s'; see safespawn --help", argv[optind]);
	return CLI_OK;
}

int cli_demo(int argc, char **argv)
{
	struct machine_memory info;
	struct demo_options options = {0};
	char asked[SIZE_TEXT], most[SIZE_TEXT];

	if (argc > 1 && !strcmp(argv[1], DEMO_WORKER))
		return demo_main(argc - 1, argv + 1);
	int status = parse(&options, argc, argv);
	if (status != CLI_OK)
		return status;
	if (options.help)
		return cli_help();
	uint64_t size = options.size;
	if ((status = machine_memory_read(&info)) < 0)
		return cli_fail("demo: /proc/meminfo: %s", strerror(-status));
	struct demo_room room = room_here(&info);
	if (size > demo_most(&room))
		return cli_fail("demo: %s is too much: %s is available", ss__size_text(asked, size),
			ss__size_text(most, demo_most(&room)));
	if ((status = demo_try()) < 0)
		return cli_fail(
			"demo: cannot run the program `" DEMO_PROGRAM "`: %s", error_text(-status));
	if (!size && !(size = demo_size(&room)))
		return cli_fail("demo: not enough free memory");
	status = show_time(size);
	if (status == CLI_OK)
		status = show_refusal(&info, &room);
	return status == CLI_OK ? show_next_steps() : status;
}
