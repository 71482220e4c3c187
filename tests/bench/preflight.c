/* SPDX-License-Identifier: MIT */
/*
 * The cost of asking before a fork: ss_preflight beside reading the kernel's files oneself, and
 * beside trying fork. bench_preflight [--json] [MIB...]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>

#include "bench.h"

static void ask(void)
{
	struct ss_preflight r = {.size = sizeof r};
	if (ss_preflight(&r, 0))
		abort();
}

static void read_file(const char *name)
{
	char text[4096];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		abort();
	while (read(fd, text, sizeof text) > 0)
		;
	close(fd);
}

static void read_statm(void)
{
	read_file("/proc/self/statm");
}

static void read_maps(void)
{
	read_file("/proc/self/maps");
}

static void read_rollup(void)
{
	read_file("/proc/self/smaps_rollup");
}

static void read_smaps(void)
{
	read_file("/proc/self/smaps");
}

static void fork_and_wait(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static const struct bench_way ways[] = {
	{"ss_preflight", ask, NULL},
	{"read statm", read_statm, NULL},
	{"read maps", read_maps, NULL},
	{"read smaps_rollup", read_rollup, NULL},
	{"read smaps", read_smaps, NULL},
	{"fork and wait", fork_and_wait, NULL},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

/*
 * ss_preflight is measured by itself first, because a fork of some GiB fills the processor's caches
 * with page tables.
 */
static void measure(long mib, int json)
{
	static long filled;
	static const struct bench_way alone[] = {{"ss_preflight alone", ask, NULL}};
	struct bench_result results[WAYS];
	if (mib > filled)
		bench_fill((size_t)(mib - filled) << 20);
	filled = mib > filled ? mib : filled;
	bench_compare(alone, 1, 2001, results);
	bench_print("resident_mib", mib, alone, 1, results, json);
	bench_compare(ways, WAYS, mib > 1000 ? 41 : 201, results);
	bench_print("resident_mib", mib, ways, WAYS, results, json);
}

int main(int argc, char **argv)
{
	int json = argc > 1 && !strcmp(argv[1], "--json");
	if (argc > 1 + json) {
		for (int i = 1 + json; i < argc; i++)
			measure(atol(argv[i]), json);
		return 0;
	}
	measure(0, json);
	measure(1024, json);
	measure(4096, json);
	return 0;
}
