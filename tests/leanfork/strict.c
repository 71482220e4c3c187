/* SPDX-License-Identifier: MIT */
/*
 * Strict overcommit, and a program that fills more than half of what is left: its own fork fails,
 * and with the shim it succeeds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "capture.h"
#include "leak.h"
#include "runtimes.h"
#include "kernel.h"
#include "sysctl_guard.h"

#define FILL_MIB 4096L

static long committed_kib(void)
{
	return kernel_figure("/proc/meminfo", "Committed_AS:");
}

static int limit_to(struct sysctl_guard *guard, long mib)
{
	char text[32];
	snprintf(text, sizeof text, "%ld", committed_kib() + mib * 1024);
	int r = sysctl_guard_set(guard, "vm/overcommit_kbytes", text);
	return r ? r : sysctl_guard_set(guard, "vm/overcommit_memory", "2");
}

/* Whether the line is there; without the shim it must not be. */
static int printed(const char *out, const char *word)
{
	char line[64];
	snprintf(line, sizeof line, "\n%s\n", word);
	return strstr(out, line) != NULL;
}

static int count(const struct runtime *runtime, const char *out)
{
	int n = 0;
	for (int i = 0; i < 5 && runtime->prints[i]; i++)
		n += printed(out, runtime->prints[i]);
	return n;
}

static int wanted(const struct runtime *runtime)
{
	int n = 0;
	while (n < 5 && runtime->prints[n])
		n++;
	return n;
}

/* Commands that were run, or -1 if there was not even memory for the program. */
static int try(struct sysctl_guard *guard, const struct runtime *runtime, const char *shim)
{
	struct captured captured;
	char mib[32], preload[4096];
	snprintf(mib, sizeof mib, "MIB=%ld", FILL_MIB);
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", shim);
	assert_int_equal(limit_to(guard, FILL_MIB * 17 / 10 + 256), 0);
	long before = committed_kib();
	capture(&captured, runtime->argv,
		shim[0] ? CHANGES(mib, preload, "SAFESPAWN_FORK=rescue")
			: CHANGES(mib, "LD_PRELOAD"));
	long after = committed_kib();
	sysctl_guard_set(guard, "vm/overcommit_memory", "0");
	int n = strstr(captured.out, "filled\n") ? count(runtime, captured.out) : -1;
	if (n != (shim[0] ? wanted(runtime) : 0))
		print_error("%s: %sThe others had %ld MiB before, %ld MiB after.\n", runtime->name,
			captured.err, before / 1024, after / 1024);
	return n;
}

static int check(struct sysctl_guard *guard, const struct runtime *runtime)
{
	int natively = try(guard, runtime, "");
	int rescued = try(guard, runtime, getenv("SHIM"));
	print_message("%-8s %ld MiB: commands that could be run: %d natively, %d rescued of %d\n",
		runtime->name, FILL_MIB, natively, rescued, wanted(runtime));
	return natively != 0 || rescued != wanted(runtime);
}

static void run_crowd(
	struct sysctl_guard *guard, struct captured *captured, const char *const changes[])
{
	const char *const argv[] = {getenv("CROWD"), "4500", "20", NULL};
	assert_int_equal(limit_to(guard, 4500), 0);
	capture(captured, argv, changes);
	sysctl_guard_set(guard, "vm/overcommit_memory", "0");
	assert_string_equal(captured->err, "");
}

/* A fork that is refused has taken all there was for a moment: natively a neighbour notices. */
static void a_rescue_takes_nothing_from_others(void **state)
{
	struct sysctl_guard guard;
	struct captured captured;
	char preload[4096];
	(void)state;
	if (!sysctl_guard_may("vm/overcommit_memory") || !kernel_dispatches_calls())
		skip();
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", getenv("SHIM"));
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	run_crowd(&guard, &captured, CHANGES("LD_PRELOAD"));
	print_message("natively: %s", captured.out);
	assert_memory_equal(captured.out, "0 forks, ", 9);
	assert_string_not_equal(captured.out, "0 forks, 0 refusals\n");
	run_crowd(&guard, &captured, CHANGES(preload, "SAFESPAWN_FORK=rescue"));
	assert_string_equal(captured.out, "20 forks, 0 refusals\n");
	run_crowd(&guard, &captured, CHANGES(preload, "SAFESPAWN_FORK=lean"));
	assert_string_equal(captured.out, "20 forks, 0 refusals\n");
	assert_int_equal(sysctl_guard_end(&guard), 0);
}

static void each_fails_natively_and_is_rescued(void **state)
{
	struct sysctl_guard guard;
	struct sysinfo memory;
	int bad = 0, ran = 0;
	(void)state;
	sysinfo(&memory);
	if (!sysctl_guard_may("vm/overcommit_memory") || !kernel_dispatches_calls())
		skip();
	if (memory.freeram * memory.mem_unit < (unsigned long)10 << 30) {
		print_message("needs 10 GiB of free memory\n");
		skip();
	}
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	for (size_t i = 0; i < n_runtimes; i++) {
		if (!program_path(runtimes[i].name)) {
			print_message("no %s here: not tested\n", runtimes[i].name);
			continue;
		}
		bad += check(&guard, &runtimes[i]);
		ran++;
	}
	assert_int_equal(sysctl_guard_end(&guard), 0);
	assert_int_equal(bad, 0);
	if (!ran)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_rescue_takes_nothing_from_others),
		TEST(each_fails_natively_and_is_rescued),
	};
	return RUN_TESTS(tests);
}
