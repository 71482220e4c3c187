/* SPDX-License-Identifier: MIT */
/*
 * stdio [--json] [--quick]
 * system and popen of libc beside ss_system and ss_popen, which here is mostly the shell's time,
 * and the forms without a shell, in a small caller and in a large one. These run a program where
 * the shell has a builtin command.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <safespawn.h>
#include "bench.h"

static void libc_system(void)
{
	bench_need(system(":") == 0, "system");
}

static void our_system(void)
{
	bench_need(ss_system(":") == 0, "ss_system");
}

static void our_systemv(void)
{
	static char name[] = "true";
	bench_need(ss_systemv((char *[]){name, NULL}) == 0, "ss_systemv");
}

static void read_all(FILE *f)
{
	bench_need(f != NULL, "popen");
	while (fgetc(f) != EOF)
		continue;
}

static void libc_popen(void)
{
	FILE *f = popen("echo x", "r");
	read_all(f);
	bench_need(pclose(f) == 0, "pclose");
}

static void our_popen(void)
{
	FILE *f = ss_popen("echo x", "r");
	read_all(f);
	bench_need(ss_pclose(f) == 0, "ss_pclose");
}

static void our_popenv(void)
{
	static char name[] = "echo", argument[] = "x";
	FILE *f = ss_popenv((char *[]){name, argument, NULL}, "r");
	read_all(f);
	bench_need(ss_pclose(f) == 0, "ss_pclose");
}

static const struct bench_way systems[] = {
	{"system", libc_system, NULL},
	{"ss_system", our_system, NULL},
	{"ss_systemv", our_systemv, NULL},
};

static const struct bench_way popens[] = {
	{"popen", libc_popen, NULL},
	{"ss_popen", our_popen, NULL},
	{"ss_popenv", our_popenv, NULL},
};

static void at_size(size_t mib, int rounds, int json)
{
	struct bench_result results[3];
	void *memory = bench_fill(mib << 20);

	bench_compare(systems, 3, rounds, results);
	bench_print("resident_mib", (long)mib, systems, 3, results, json);
	bench_compare(popens, 3, rounds, results);
	bench_print("resident_mib", (long)mib, popens, 3, results, json);
	munmap(memory, mib << 20);
}

int main(int argc, char *argv[])
{
	int json = 0, quick = 0;

	for (int i = 1; i < argc; i++) {
		json |= !strcmp(argv[i], "--json");
		quick |= !strcmp(argv[i], "--quick");
	}
	at_size(1, quick ? 200 : 3000, json);
	at_size(quick ? 64 : 4096, quick ? 200 : 3000, json);
	return 0;
}
