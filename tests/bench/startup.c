/* SPDX-License-Identifier: MIT */
/*
 * startup [--json] SHIM EMPTY PROGRAM The cost of the shim for a program that never uses it:
 * natively, under the shim, and for comparison with an empty library preloaded. The time, and the
 * minor page faults.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 6000
#define WAYS 3

static char *program[2];
static char shim[4096], empty[4096];
static char path[] = "PATH=/usr/bin:/bin";
static long faults[WAYS], runs[WAYS];

static void run(int way, char *const env[])
{
	pid_t pid;
	int status;
	struct rusage usage;
	if (posix_spawnp(&pid, program[0], NULL, NULL, program, env) != 0 ||
		wait4(pid, &status, 0, &usage) != pid || status != 0) {
		perror(program[0]);
		exit(1);
	}
	faults[way] += usage.ru_minflt;
	runs[way]++;
}

static void natively(void)
{
	run(0, (char *[]){path, NULL});
}

static void under_shim(void)
{
	run(1, (char *[]){path, shim, NULL});
}

static void with_empty(void)
{
	run(2, (char *[]){path, empty, NULL});
}

static char copies[2][64];

static void remove_copies(void)
{
	for (int i = 0; i < 2; i++)
		if (copies[i][0])
			unlink(copies[i]);
}

/*
 * A copy, as an installation makes it. The linker writes a file in small pieces. They are cached as
 * small pages, which take ten microseconds more to map.
 */
static void copy_file(char *name, const char *from)
{
	static char text[4 << 20];
	strcpy(name, "/tmp/startup-XXXXXX");
	int in = open(from, O_RDONLY | O_CLOEXEC), out = mkstemp(name);
	ssize_t n = in < 0 || out < 0 ? -1 : read(in, text, sizeof text);
	if (n <= 0 || write(out, text, (size_t)n) != n) {
		perror(from);
		exit(1);
	}
	close(in);
	close(out);
}

static void preload(char *variable, size_t size, int number, const char *library)
{
	copy_file(copies[number], library);
	snprintf(variable, size, "LD_PRELOAD=%s", copies[number]);
}

int main(int argc, char **argv)
{
	static const struct bench_way ways[WAYS] = {
		{"natively", natively, NULL},
		{"under the shim", under_shim, NULL},
		{"with an empty library", with_empty, NULL},
	};
	struct bench_result results[WAYS];
	int json = argc > 1 && !strcmp(argv[1], "--json");
	if (argc != 4 + json)
		return 2;
	atexit(remove_copies);
	preload(shim, sizeof shim, 0, argv[1 + json]);
	preload(empty, sizeof empty, 1, argv[2 + json]);
	program[0] = argv[3 + json];
	bench_compare(ways, WAYS, ROUNDS, results);
	bench_print("variables", 1, ways, WAYS, results, json);
	for (int i = 0; i < WAYS; i++)
		printf(json ? "{\"way\":\"%s\",\"minor_faults\":%.1f}\n"
			    : "%-22s %.1f minor faults\n",
			ways[i].name, (double)faults[i] / (double)runs[i]);
	return 0;
}
