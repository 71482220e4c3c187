/* SPDX-License-Identifier: MIT */
/*
 * The case that the library was written for: a machine of 64 MiB and a process that has written 1
 * MiB of data and twice 15 MiB of heap. It cannot fork; the library starts programs all the same
 * and says beforehand what stands in the way. With the shim preloaded fork works, too.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>

#include "kernel.h"
#include "leak.h"
#include "measure.h"
#include "sysctl_guard.h"

#define MIB ((size_t)1 << 20)
#define BLOCK (15 * MIB)
#define PAGES 7682 /* two blocks, a page each for malloc's own header, merged by the kernel */
#define LARGEST_MACHINE (128 * MIB)

static char data[MIB];

static size_t ram_and_swap(void)
{
	struct sysinfo info;
	assert_int_equal(sysinfo(&info), 0);
	return (info.totalram + info.totalswap) * info.mem_unit;
}

static int kernel_is_at_least(int major, int minor)
{
	struct utsname name;
	int is_major = 0, is_minor = 0;
	assert_int_equal(uname(&name), 0);
	sscanf(name.release, "%d.%d", &is_major, &is_minor);
	return is_major > major || (is_major == major && is_minor >= minor);
}

/* With the shim: one mapping that is too large can be taken to pieces, the rest takes a lean fork. */
static int fork_passes(enum ss_cause cause)
{
	const char *preload = getenv("LD_PRELOAD");
	return preload && strstr(preload, "safespawn") &&
	       (cause == SS_CAUSE_MAPPING_RAM || kernel_is_at_least(5, 11));
}

static void programs_start(void)
{
	char line[16] = "", *const argv[] = {(char[]){"true"}, NULL};
	struct ss_child child;
	int status = -1;
	assert_int_equal(ss_spawn(&child, argv, NULL), 0);
	assert_int_equal(ss_wait(&child, &status, -1), 0);
	ss_release(&child);
	assert_int_equal(status, 0);
	assert_int_equal(ss_system("exit 3"), 3 << 8);
	FILE *stream = ss_popen("echo hello", "r");
	assert_non_null(stream);
	assert_non_null(fgets(line, sizeof line, stream));
	assert_int_equal(ss_pclose(stream), 0);
	assert_string_equal(line, "hello\n");
}

static void expect_refusal(enum ss_cause cause)
{
	struct ss_preflight report = {.size = sizeof report};
	assert_int_equal(ss_preflight(&report, 0), 0);
	assert_int_equal(report.verdict, SS_FORK_ENOMEM);
	assert_string_equal(ss_cause_name(report.cause), ss_cause_name(cause));
	assert_int_equal(try_fork(), fork_passes(cause) ? 0 : ENOMEM);
	programs_start();
}

static void begin(struct sysctl_guard *guard)
{
	if (!sysctl_guard_may("vm/overcommit_memory") || ram_and_swap() > LARGEST_MACHINE)
		skip();
	assert_int_equal(sysctl_guard_begin(guard), 0);
	assert_int_equal(sysctl_guard_set(guard, "vm/overcommit_memory", "0"), 0);
}

struct blocks {
	char *one, *two;
};

/* Both of that size, and BLOCK bytes of both written. */
static struct blocks write_blocks(size_t size)
{
	struct blocks blocks = {malloc(size), malloc(size)};
	assert_non_null(blocks.one);
	assert_non_null(blocks.two);
	memset(data, 1, sizeof data);
	memset(blocks.one, 1, BLOCK);
	memset(blocks.two, 1, BLOCK);
	return blocks;
}

/* Blocks lie side by side, so that for the kernel they are one mapping, whatever else joins. */
static void they_are_merged(struct blocks blocks, size_t pages)
{
	uintptr_t wanted = (uintptr_t)(blocks.one < blocks.two ? blocks.one : blocks.two);
	unsigned long start = 0, end = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");
	assert_non_null(maps);
	while (fgets(line, sizeof line, maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && start <= wanted && wanted < end)
			break;
	fclose(maps);
	assert_true((end - start) / 4096 >= pages);
}

static void free_blocks(struct blocks blocks)
{
	free(blocks.one);
	free(blocks.two);
}

/* Up to 5.1 what the kernel could free counts, then all of the memory, of which this is less. */
static void in_mode_0(void **unused)
{
	(void)unused;
	struct sysctl_guard guard;
	struct ss_preflight report = {.size = sizeof report};
	begin(&guard);
	struct blocks blocks = write_blocks(BLOCK);
	they_are_merged(blocks, PAGES);
	if (!kernel_is_at_least(5, 2)) {
		expect_refusal(SS_CAUSE_MAPPING_AVAILABLE);
	} else {
		assert_int_equal(ss_preflight(&report, 0), 0);
		assert_int_equal(report.verdict, SS_FORK_OK);
		assert_int_equal(try_fork(), 0);
		programs_start();
	}
	free_blocks(blocks);
	assert_int_equal(sysctl_guard_end(&guard), 0);
}

/* The same blocks, but together more than the machine has, of which they are a part. */
static void in_mode_0_as_a_part_of_more_than_there_is(void **unused)
{
	(void)unused;
	struct sysctl_guard guard;
	if (!kernel_is_at_least(5, 2))
		skip();
	begin(&guard);
	struct blocks blocks = write_blocks(ram_and_swap() / 2 + MIB);
	expect_refusal(SS_CAUSE_MAPPING_RAM);
	free_blocks(blocks);
	assert_int_equal(sysctl_guard_end(&guard), 0);
}

/* Room for 20 MiB beside the 31 MiB that the process has: another 31 MiB are too much. */
static void in_mode_2(void **unused)
{
	(void)unused;
	struct sysctl_guard guard;
	char kbytes[32];
	begin(&guard);
	struct blocks blocks = write_blocks(BLOCK);
	snprintf(kbytes, sizeof kbytes, "%lld", (long long)committed_pages() * 4 + 20 * 1024);
	assert_int_equal(sysctl_guard_set(&guard, "vm/overcommit_kbytes", kbytes), 0);
	assert_int_equal(sysctl_guard_set(&guard, "vm/overcommit_memory", "2"), 0);
	expect_refusal(SS_CAUSE_COMMIT_LIMIT);
	free_blocks(blocks);
	assert_int_equal(sysctl_guard_end(&guard), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_mode_0),
		TEST(in_mode_0_as_a_part_of_more_than_there_is),
		TEST(in_mode_2),
	};
	/* Or malloc takes the blocks from its heap once some have been freed. */
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
	return RUN_TESTS(tests);
}
