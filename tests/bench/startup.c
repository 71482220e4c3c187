/* SPDX-License-Identifier: MIT */
/*
 * startup [--json] SHIM PROGRAM
 * What a program pays for the shim that never uses it: natively, under the shim, and for
 * comparison with another small library preloaded.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 3000

static char *program[2];
static char preload[4096];
static char other[] = "LD_PRELOAD=libdl.so.2";
static char path[] = "PATH=/usr/bin:/bin";

static void run(char *const env[])
{
	pid_t pid;
	int status;
	if (posix_spawnp(&pid, program[0], NULL, NULL, program, env) != 0 ||
		waitpid(pid, &status, 0) != pid || status != 0) {
		perror(program[0]);
		exit(1);
	}
}

static void natively(void)
{
	run((char *[]){path, NULL});
}

static void under_shim(void)
{
	run((char *[]){path, preload, NULL});
}

static void with_other(void)
{
	run((char *[]){path, other, NULL});
}

int main(int argc, char **argv)
{
	static const struct bench_way ways[] = {
		{"natively", natively, NULL},
		{"under the shim", under_shim, NULL},
		{"with libdl", with_other, NULL},
	};
	struct bench_result results[3];
	int json = argc > 1 && !strcmp(argv[1], "--json");
	if (argc != 3 + json)
		return 2;
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", argv[1 + json]);
	program[0] = argv[2 + json];
	if (access(argv[1 + json], R_OK) < 0) {
		perror(argv[1 + json]); /* the loader would do without, and say so each time */
		return 1;
	}
	bench_compare(ways, 3, ROUNDS, results);
	bench_print("variables", 1, ways, 3, results, json);
	return 0;
}
