/* SPDX-License-Identifier: MIT */
/*
 * fork and exec of a program that has much memory, natively and leanly, until fork returns and until
 * the child has been reaped. bench_leanfork [--json] PROGRAM [MIB...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "preload/leanfork/leanfork.h"

#define ROUNDS 40

static const char *program;
static pid_t running;

static void exec_program(void)
{
	char *argv[] = {(char[]){"nothing"}, NULL};
	execv(program, argv);
	_exit(127);
}

static void native(void)
{
	running = fork();
	if (running == 0)
		exec_program();
	if (running < 0)
		abort();
}

static void lean(void)
{
	struct lean_options options = {
		.kind = LEAN_EAGER, .least_total = 1, .least_range = 1 << 20, .libc_fork = fork};
	struct lean_result result;
	running = lean_fork(&options, &result);
	if (running == 0)
		exec_program();
	if (running < 0 || result.outcome != LEAN_DONE)
		abort();
}

static void reap(void)
{
	int status;
	if (waitpid(running, &status, 0) != running || status != 0)
		abort();
}

static void native_whole(void)
{
	native();
	reap();
}

static void lean_whole(void)
{
	lean();
	reap();
}

static void at(long mib, int json)
{
	static const struct bench_way call[] = {
		{"native fork returns", native, reap},
		{"lean fork returns", lean, reap},
	};
	static const struct bench_way whole[] = {
		{"native fork, exec, wait", native_whole, NULL},
		{"lean fork, exec, wait", lean_whole, NULL},
	};
	struct bench_result results[2];
	size_t size = (size_t)mib << 20;
	void *memory = bench_fill(size);

	bench_compare(call, 2, ROUNDS, results);
	bench_print("resident_mib", mib, call, 2, results, json);
	bench_compare(whole, 2, ROUNDS, results);
	bench_print("resident_mib", mib, whole, 2, results, json);
	munmap(memory, size);
}

int main(int argc, char **argv)
{
	int i = 1, json = argc > 1 && !strcmp(argv[1], "--json");
	i += json;
	if (i == argc)
		return 2;
	program = argv[i++];
	if (i == argc) {
		at(256, json);
		at(1024, json);
		at(4096, json);
	}
	for (; i < argc; i++)
		at(strtol(argv[i], NULL, 10), json);
	return 0;
}
