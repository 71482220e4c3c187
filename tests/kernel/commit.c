/* SPDX-License-Identifier: MIT */
/*
 * What a spawn costs a large caller: nothing that the kernel counts as committed memory, and so it
 * works where a fork is refused.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>
#include "kernel.h"
#include "leak.h"
#include "sysctl_guard.h"

#define GIB (1LL << 30)

enum { TRIES = 25 };

static long long meminfo(const char *key)
{
	long kib = kernel_figure("/proc/meminfo", key);
	assert_true(kib >= 0);
	return kib;
}

static void *map_or_end(long long bytes, int flags)
{
	void *memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
	if (memory == MAP_FAILED)
		_exit(77);
	return memory;
}

static bool spawns(void)
{
	const char *const argv[] = {"/bin/true", NULL};
	struct ss_child child;
	int status;
	return ss_spawn(&child, (char *const *)(uintptr_t)argv, NULL) == 0 &&
	       ss_wait(&child, &status, -1) == 0 && status == 0 && ss_release(&child) == 0;
}

static bool forks(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

/* ---- Committed memory while the child is there ----------------------------------------------- */

/* Stops before each try, with a GiB in use. */
static void subject(bool (*make_process)(void))
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	map_or_end(GIB, MAP_POPULATE);
	if (!make_process())
		_exit(1);
	for (int i = 0; i < TRIES; i++) {
		raise(SIGSTOP);
		if (!make_process())
			_exit(1);
	}
	_exit(0);
}

static int next_stop(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	return status;
}

/* The child, stopped before its first instruction; its maker is stopped too. */
static pid_t child_of(pid_t pid)
{
	unsigned long child;
	int status;
	do {
		assert_int_equal(ptrace(PTRACE_CONT, pid, 0, 0), 0);
		status = next_stop(pid);
		assert_true(WIFSTOPPED(status));
	} while (status >> 16 != PTRACE_EVENT_VFORK && status >> 16 != PTRACE_EVENT_FORK);
	assert_int_equal(ptrace(PTRACE_GETEVENTMSG, pid, 0, &child), 0);
	assert_true(WIFSTOPPED(next_stop((pid_t)child)));
	return (pid_t)child;
}

static int compare(const void *a, const void *b)
{
	const long long *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* What a process made in that way adds, in KiB: the tries in ascending order. Others disturb them. */
static void measure(long long added[TRIES], bool (*make_process)(void))
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		subject(make_process);
	for (int i = 0; i < TRIES; i++) {
		status = next_stop(pid);
		while (WIFSTOPPED(status) && WSTOPSIG(status) != SIGSTOP) {
			ptrace(PTRACE_CONT, pid, 0, 0);
			status = next_stop(pid);
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			skip();
		assert_true(WIFSTOPPED(status));
		ptrace(PTRACE_SETOPTIONS, pid, 0,
			PTRACE_O_TRACEVFORK | PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL);
		long long before = meminfo("Committed_AS:");
		pid_t child = child_of(pid);
		added[i] = meminfo("Committed_AS:") - before;
		ptrace(PTRACE_DETACH, child, 0, 0);
		ptrace(PTRACE_CONT, pid, 0, 0);
	}
	do {
		status = next_stop(pid);
		if (WIFSTOPPED(status))
			ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status) == SIGCHLD ? SIGCHLD : 0);
	} while (WIFSTOPPED(status));
	assert_int_equal(status, 0);
	qsort(added, TRIES, sizeof added[0], compare);
	print_message(
		"%lld to %lld KiB, median %lld\n", added[0], added[TRIES - 1], added[TRIES / 2]);
}

static void a_spawn_commits_no_page(void **unused)
{
	(void)unused;
	long long added[TRIES], zero = 0;
	measure(added, spawns);
	assert_non_null(bsearch(&zero, added, TRIES, sizeof added[0], compare));
}

/* Shows that the test above could fail. */
static void a_fork_commits_all_of_it(void **unused)
{
	(void)unused;
	long long added[TRIES];
	measure(added, forks);
	assert_true(added[TRIES - 1] >= GIB / 1024);
}

/* ---- Strict overcommit ------------------------------------------------------------------------ */

/* More in use than is left: a copy of it can't be promised. Others have all of what is left. */
static void grow_and_make_processes(void)
{
	map_or_end(6 * GIB, 0);
	errno = 0;
	if (forks())
		_exit(1);
	if (errno != ENOMEM)
		_exit(2);
	for (int i = 0; i < 20; i++)
		if (!spawns())
			_exit(3);
	_exit(0);
}

static void where_fork_is_refused_a_spawn_works(void **unused)
{
	(void)unused;
	struct sysctl_guard guard;
	char limit[32];
	int status = -1;
	if (!sysctl_guard_may("vm/overcommit_memory"))
		skip();
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	/* 9 GiB beyond what is committed now, of which the test takes 6. */
	snprintf(limit, sizeof limit, "%lld",
		meminfo("Committed_AS:") + 9 * GIB / 1024 - meminfo("SwapTotal:"));
	int error = sysctl_guard_set(&guard, "vm/overcommit_kbytes", limit);
	if (!error)
		error = sysctl_guard_set(&guard, "vm/overcommit_memory", "2");
	pid_t pid = error ? -1 : fork();
	if (pid == 0)
		grow_and_make_processes();
	if (pid > 0)
		waitpid(pid, &status, 0);
	assert_int_equal(sysctl_guard_end(&guard), 0);
	assert_int_equal(error, 0);
	assert_true(pid > 0);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_spawn_commits_no_page),
		TEST(a_fork_commits_all_of_it),
		TEST(where_fork_is_refused_a_spawn_works),
	};
	return RUN_TESTS(tests);
}
