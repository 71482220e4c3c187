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
#include "sysctl_guard.h"

static long committed_kib(void)
{
	char line[256];
	long kib = -1;
	FILE *f = fopen("/proc/meminfo", "re");
	while (f && fgets(line, sizeof line, f))
		sscanf(line, "Committed_AS: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
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

/* Commands that were run, or -1 if there was not even memory for the program: others on the
 * machine may have taken it. */
static int try_once(struct sysctl_guard *guard, const struct runtime *runtime, const char *shim)
{
	struct captured captured;
	char mib[32], preload[4096];
	snprintf(mib, sizeof mib, "MIB=%d", runtime->mib);
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", shim);
	assert_int_equal(limit_to(guard, runtime->mib * 17L / 10 + 256), 0);
	capture(&captured, runtime->argv,
		shim[0] ? CHANGES(mib, preload, "SAFESPAWN_FORK=rescue")
			: CHANGES(mib, "LD_PRELOAD"));
	sysctl_guard_set(guard, "vm/overcommit_memory", "0");
	if (!strstr(captured.out, "filled\n")) {
		print_error("%s: %s\n", runtime->name, captured.err);
		return -1;
	}
	return count(runtime, captured.out);
}

/* Up to three times: under this limit whatever else the machine does may take what exec needs. */
static int try(
	struct sysctl_guard *guard, const struct runtime *runtime, const char *shim, int expected)
{
	int n = -1;
	for (int i = 0; i < 3 && n != expected; i++) {
		n = try_once(guard, runtime, shim);
		if (n != expected)
			print_message("%s: %d commands instead of %d\n", runtime->name, n, expected);
	}
	return n;
}

static int check(struct sysctl_guard *guard, const struct runtime *runtime)
{
	int natively = try(guard, runtime, "", 0);
	int rescued = try(guard, runtime, getenv("SHIM"), wanted(runtime));
	print_message("%-8s %d MiB: commands that could be run: %d natively, %d rescued of %d\n",
		runtime->name, runtime->mib, natively, rescued, wanted(runtime));
	return natively != 0 || rescued != wanted(runtime);
}

static void each_fails_natively_and_is_rescued(void **state)
{
	struct sysctl_guard guard;
	struct sysinfo memory;
	int bad = 0, ran = 0;
	(void)state;
	sysinfo(&memory);
	if (geteuid() != 0 || memory.freeram * memory.mem_unit < (unsigned long)10 << 30) {
		print_message("needs root and 10 GiB of free memory\n");
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
		TEST(each_fails_natively_and_is_rescued),
	};
	return RUN_TESTS(tests);
}
