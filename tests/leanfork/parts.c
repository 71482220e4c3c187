/* SPDX-License-Identifier: MIT */
/*
 * In the heuristic overcommit mode a mapping larger than RAM and swap has fork refused. A rescue of
 * such a process makes a native child, whatever that does, and leaves no traces in the parent.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flags.h"
#include "forking.h"
#include "kernel.h"

#define MIB ((size_t)1 << 20)
#define STEP ((size_t)64 << 20) /* one page of each is written to */

static unsigned char *huge;
static size_t huge_size;
static int ready[2];

static bool heuristic(void)
{
	char mode = 0;
	FILE *f = fopen("/proc/sys/vm/overcommit_memory", "re");
	if (f && fread(&mode, 1, 1, f) != 1)
		mode = 0;
	if (f)
		fclose(f);
	return mode == '0';
}

/* In two halves, each of which is small enough, that become one mapping. */
static int setup(void **state)
{
	struct sysinfo info;
	(void)state;
	if (!heuristic() || sysinfo(&info) || pipe(ready))
		return 0;
	size_t half = (size_t)(info.totalram + info.totalswap) * info.mem_unit / 4 * 3;
	half &= ~(STEP - 1);
	huge_size = 2 * half;
	unsigned char *at = mmap(
		NULL, huge_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return 0;
	for (size_t i = 0; i < 2; i++)
		if (mmap(at + i * half, half, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			return 0;
	for (size_t i = 0; i < huge_size; i += STEP)
		memcpy(at + i, &i, sizeof i);
	huge = at;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (huge)
		munmap(huge, huge_size);
	close(ready[0]);
	close(ready[1]);
	return 0;
}

/* Whether there is anything to rescue here. */
static void need_refusal(void)
{
	if (!huge)
		skip();
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		skip();
	}
	assert_int_equal(errno, ENOMEM);
	/* A trial child says in its parent's memory which calls a seccomp filter lets pass. */
	if (kernel_shares_memory())
		return;
	print_message("A child of CLONE_VM has a copy of the memory here.\n");
	skip();
}

static int contents(void)
{
	for (size_t i = 0; i < huge_size; i += STEP) {
		size_t value;
		memcpy(&value, huge + i, sizeof value);
		if (value != i || huge[i + MIB] != 0)
			return 1;
	}
	return 0;
}

static int run(int (*body)(void))
{
	int status = -1;
	pid_t pid = fork_lean(LEAN_RESCUE);
	if (pid == 0)
		_exit(body());
	if (pid < 0)
		return -errno;
	assert_int_equal(last.outcome, LEAN_DONE);
	if (write(ready[1], "", 1) != 1 || waitpid(pid, &status, 0) != pid)
		return -1;
	return code_of(status);
}

/* fork returns first, and the child has its own copy of everything. */
static int goes_on(void)
{
	char byte;
	if (read(ready[0], &byte, 1) != 1 || poll(NULL, 0, 10) || contents())
		return 10;
	memset(huge + STEP, 1, MIB);
	return huge[STEP] == 1 ? 0 : 11;
}

static void a_child_that_goes_on(void **state)
{
	(void)state;
	need_refusal();
	assert_int_equal(run(goes_on), 0);
	assert_int_equal(contents(), 0);
}

static int forks_again(void)
{
	char byte;
	int status = -1;
	pid_t pid = read(ready[0], &byte, 1) == 1 ? fork() : -1;
	if (pid == 0)
		_exit(contents() ? 20 : 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : 21;
}

static void a_child_that_forks(void **state)
{
	(void)state;
	need_refusal();
	assert_int_equal(run(forks_again), 0);
}

static struct flags flags[2];

static int has_flags(void)
{
	char byte;
	if (read(ready[0], &byte, 1) != 1)
		return 30;
	flags_read(&flags[1], huge, huge_size);
	for (size_t i = 0; i < flags[1].n; i++)
		if (strcmp(flags[1].of[i].text, flags[0].of[0].text))
			return 31;
	return 0;
}

/* Whatever the program's own advice. */
static void advice_and_mappings_are_as_before(void **state)
{
	static const int advice[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL};
	(void)state;
	need_refusal();
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(madvise(huge, huge_size, advice[i]), 0);
		flags_read(&flags[0], huge, huge_size);
		assert_int_equal(flags[0].n, 1);
		assert_int_equal(run(has_flags), 0);
		flags_read(&flags[1], huge, huge_size);
		assert_same_flags(&flags[0], &flags[1]);
	}
	assert_int_equal(madvise(huge, huge_size, MADV_NORMAL), 0);
}

static size_t page_tables(void)
{
	return (size_t)kernel_figure("/proc/self/status", "VmPTE:");
}

static void nothing_becomes_resident(void **state)
{
	(void)state;
	need_refusal();
	size_t before = page_tables();
	assert_int_equal(run(goes_on), 0);
	assert_between(page_tables(), 1, before + 64);
}

static int first_free; /* descriptor */

static void *rescues(void *failed)
{
	for (int i = 0; i < 5; i++) {
		struct lean_result result;
		struct lean_options options = {.kind = LEAN_RESCUE,
			.least_total = 1,
			.least_range = 65536,
			.libc_fork = fork};
		int status = -1;
		pid_t pid = lean_fork(&options, &result);
		if (pid == 0)
			_exit(contents() || dup(0) != first_free);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			__atomic_fetch_add((int *)failed, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void threads_at_once(void **state)
{
	pthread_t threads[8];
	int failed = 0;
	(void)state;
	need_refusal();
	first_free = dup(0);
	close(first_free);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, rescues, &failed), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(failed, 0);
	flags_read(&flags[1], huge, huge_size);
	assert_int_equal(flags[1].n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_child_that_goes_on),
		TEST(a_child_that_forks),
		TEST(advice_and_mappings_are_as_before),
		TEST(nothing_becomes_resident),
		TEST(threads_at_once),
	};
	return cmocka_run_group_tests(tests, setup, teardown) != 0;
}
