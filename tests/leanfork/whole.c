/* SPDX-License-Identifier: MIT */
/*
 * A lean child that has become an ordinary process has its memory as a native child has it: the same
 * mappings, with all that the program has told the kernel of them, the same contents, and no more of it
 * resident than there was.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flags.h"
#include "forking.h"
#include "kernel.h"

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)
#define SIZE (64 * MIB)
#define PLACE(i) ((i)*300007) /* of one byte in memory */

static unsigned char *area;
static size_t area_size;
static struct flags before, after;

/* With inaccessible neighbours, so that nothing else merges with it. */
static void make_area(size_t size)
{
	unsigned char *at = mmap(NULL, size + 2 * MIB, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	area = mmap(at + MIB, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		-1, 0);
	assert_ptr_equal(area, at + MIB);
	area_size = size;
	for (size_t i = 0; PLACE(i) < SIZE; i++)
		area[PLACE(i)] = (unsigned char)(i | 1);
}

static void drop_area(void)
{
	munmap(area - MIB, area_size + 2 * MIB);
}

static int contents(const unsigned char *at)
{
	for (size_t i = 0; PLACE(i) < SIZE; i++)
		if (at[PLACE(i)] != (unsigned char)(i | 1) || at[PLACE(i) + 1] != 0)
			return 1;
	return 0;
}

static void become_ordinary(void)
{
	usleep(1);
	if (lean_is_child())
		_exit(99);
}

static int run(int (*body)(void))
{
	int status = -1;
	pid_t pid = fork_lean(LEAN_RESCUE);
	if (pid == 0)
		_exit(body());
	if (pid < 0)
		print_error("no child: reason %d, call %d\n", (int)last.reason, (int)last.call);
	assert_true(pid > 0);
	assert_int_equal(last.outcome, LEAN_DONE);
	assert_true(last.bytes > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return code_of(status);
}

/* Returns 0 if the area's mappings are the parent's. */
static int same_mappings(void)
{
	flags_read(&after, area, area_size);
	if (after.n != before.n)
		return 10 + (int)after.n;
	for (size_t i = 0; i < after.n; i++)
		if (after.of[i].start != before.of[i].start ||
			after.of[i].end != before.of[i].end ||
			strcmp(after.of[i].text, before.of[i].text))
			return 2;
	return 0;
}

/* Some of it is there by then, and more: by reading, by writing. */
static int looks_the_same(void)
{
	volatile unsigned char *at = area;
	for (size_t i = 0; i < 40; i++)
		if (at[PLACE(5 * i)] != (unsigned char)((5 * i) | 1))
			return 3;
	at[SIZE / 2 + 5] = 7;
	become_ordinary();
	if (at[SIZE / 2 + 5] != 7)
		return 4;
	at[SIZE / 2 + 5] = 0;
	int r = contents(area);
	return r ? r : same_mappings();
}

static void one_mapping_again(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		ask_only = i;
		make_area(SIZE);
		flags_read(&before, area, area_size);
		assert_int_equal(before.n, 1);
		assert_int_equal(run(looks_the_same), 0);
		assert_int_equal(contents(area), 0);
		drop_area();
	}
	ask_only = false;
}

/* What the parent has told the kernel of it is true of the child's as well. */
static void advice_stays(void **state)
{
	static const int advice[] = {MADV_DONTDUMP, MADV_NOHUGEPAGE, MADV_HUGEPAGE, MADV_MERGEABLE,
		MADV_RANDOM, MADV_SEQUENTIAL};
	(void)state;
	for (size_t i = 0; i < sizeof advice / sizeof advice[0]; i++) {
		make_area(SIZE);
		madvise(area, area_size, advice[i]);
		madvise(area + SIZE / 4, SIZE / 4, advice[0]);
		flags_read(&before, area, area_size);
		int result = run(looks_the_same);
		if (result)
			print_error("advice %d: %d\n", advice[i], result);
		assert_int_equal(result, 0);
		drop_area();
	}
}

static int moves_it(void)
{
	become_ordinary();
	unsigned char *at = mremap(area, area_size, area_size + MIB, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		return 20;
	int r = contents(at);
	if (r || mprotect(at, area_size, PROT_READ) ||
		mprotect(at, area_size, PROT_READ | PROT_WRITE) || munmap(at, area_size + MIB))
		return 21;
	return 0;
}

static void the_programs_own_mremap(void **state)
{
	(void)state;
	make_area(SIZE);
	assert_int_equal(run(moves_it), 0);
	drop_area();
}

/* What the child has done itself stays: it has no memory there, or can't write to it. */
static int keeps_its_own(void)
{
	unsigned char *at = area;
	if (munmap(at + 8 * MIB, 3 * MIB) || mprotect(at + 20 * MIB, MIB, PROT_READ) ||
		mmap(at + 30 * MIB, MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			0) != at + 30 * MIB ||
		mprotect(at + 40 * MIB, 4096, PROT_NONE))
		return 30;
	become_ordinary();
	flags_read(&after, area, area_size);
	size_t end = 0, pieces = 0;
	for (size_t i = 0; i < after.n; i++) {
		size_t from = after.of[i].start - (uintptr_t)at,
		       to = after.of[i].end - (uintptr_t)at;
		pieces += after.of[i].text[1] == 'w';
		if (from < 11 * MIB && to > 8 * MIB)
			return 31;
		if (from <= 20 * MIB && to > 20 * MIB && after.of[i].text[1] == 'w')
			return 32;
		if (from <= 40 * MIB && to > 40 * MIB && after.of[i].text[0] == 'r')
			return 33;
		end = to;
	}
	if (end != area_size || pieces < 5)
		return 34;
	for (size_t i = 0; PLACE(i) < SIZE; i++) {
		size_t place = PLACE(i);
		bool gone = (place >= 8 * MIB && place < 11 * MIB) ||
			    (place >= 30 * MIB && place < 31 * MIB) || place / 4096 == 10240;
		if (!gone && at[place] != (unsigned char)(i | 1))
			return 35;
	}
	return at[30 * MIB] ? 36 : 0;
}

static void what_the_child_has_changed(void **state)
{
	(void)state;
	make_area(SIZE);
	assert_int_equal(run(keeps_its_own), 0);
	drop_area();
}

/* A line of /proc/self/status, in KiB. */
static size_t status(const char *name)
{
	return (size_t)kernel_figure("/proc/self/status", name);
}

static int is_no_larger(void)
{
	size_t resident = status("VmRSS:");
	become_ordinary();
	if (area[area_size - 5 * MIB] || area[area_size / 2])
		return 40;
	if (status("VmRSS:") > resident + 32 * 1024)
		return 41;
	return contents(area);
}

/* Of a machine's memory, as much as fork would copy. */
static size_t much(void)
{
	size_t half = (size_t)sysconf(_SC_PHYS_PAGES) / 2 * 4096;
	return half < 8 * GIB ? half & ~(2 * MIB - 1) : 8 * GIB;
}

/* Much is mapped, and a page here and there is used. */
static void what_is_not_there_does_not_come(void **state)
{
	(void)state;
	/* The kernel may give a whole huge page for one that is touched. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	make_area(much());
	size_t tables = status("VmPTE:");
	int worse = run(is_no_larger);
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	assert_int_equal(worse, 0);
	assert_between(status("VmPTE:"), 1, tables + 64);
	drop_area();
}

/* Small pages stay small, although the kernel would give a huge one for each. */
static void huge_pages_do_not_come(void **state)
{
	(void)state;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	make_area(much());
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	madvise(area, area_size, MADV_HUGEPAGE);
	assert_int_equal(run(is_no_larger), 0);
	drop_area();
}

/* Limits are for what a process asks for, not for what it is born with. */
static int under_limits(void)
{
	struct rlimit limit = {16 * MIB, RLIM_INFINITY}, now;
	if (setrlimit(RLIMIT_DATA, &limit))
		return 50;
	become_ordinary();
	if (getrlimit(RLIMIT_DATA, &now) || now.rlim_cur != limit.rlim_cur ||
		mmap(NULL, 20 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
			MAP_FAILED)
		return 51;
	return contents(area);
}

static void limits_that_are_lower(void **state)
{
	(void)state;
	make_area(SIZE);
	assert_int_equal(run(under_limits), 0);
	drop_area();
}

static int asks_for_more(void)
{
	void *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return at == MAP_FAILED ? 0 : 60;
}

/* What was left out counts. */
static void limits_for_what_is_new(void **state)
{
	struct rlimit limit, tight;
	(void)state;
	make_area(SIZE);
	assert_int_equal(getrlimit(RLIMIT_DATA, &limit), 0);
	tight = (struct rlimit){
		(status("VmData:") + status("VmStk:")) * 1024 + SIZE / 2, limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_DATA, &tight), 0);
	assert_int_equal(run(asks_for_more), 0);
	assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
	drop_area();
}

/* Above the pages that must not be moved there is a mapping of its own. */
static int in_few_pieces(void)
{
	become_ordinary();
	flags_read(&after, area, area_size);
	if (after.n > 3 || after.of[0].end < (uintptr_t)area + SIZE)
		return 70 + (int)after.n;
	return contents(area);
}

static void *from_its_own_stack(void *result)
{
	*(int *)result = run(in_few_pieces);
	return NULL;
}

/* The stack in use, and the thread's own block above it, lie in the middle of a mapping. */
static void a_stack_in_the_middle(void **state)
{
	pthread_attr_t attr;
	pthread_t thread;
	int result = -1;
	(void)state;
	make_area(SIZE + 32 * MIB);
	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstack(&attr, area + SIZE + 8 * MIB, MIB), 0);
	assert_int_equal(pthread_create(&thread, &attr, from_its_own_stack, &result), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
	assert_int_equal(result, 0);
	drop_area();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_mapping_again),
		TEST(advice_stays),
		TEST(the_programs_own_mremap),
		TEST(what_the_child_has_changed),
		TEST(what_is_not_there_does_not_come),
		TEST(huge_pages_do_not_come),
		TEST(limits_that_are_lower),
		TEST(limits_for_what_is_new),
		TEST(a_stack_in_the_middle),
	};
	return cmocka_run_group_tests(tests, block_setup, block_teardown) != 0;
}
