/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has promised, Committed_AS, between clone and exec: a spawn adds nothing, whatever
 * the size of the caller. A fork, beside it, shows that the figure is the right one. Other processes
 * change it at any time, so the least change of many counts, or the greatest.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "kept_exec.h"
#include "kernel.h"
#include "leak.h"

enum { ROUNDS = 40, MOST_KIB = 16 };

static const size_t gib = (size_t)1 << 30;
static sem_t go, ended;
static int listener;

static long committed_kib(void)
{
	return kernel_figure("/proc/meminfo", "Committed_AS:");
}

/* A thread, because the filter is for its children alone. */
static void *spawn_all(void *unused)
{
	listener = kept_exec_begin();
	sem_post(&ended);
	for (int i = 0; i < ROUNDS; i++) {
		struct ss_child child;
		sem_wait(&go);
		if (ss_spawn(&child, ARGV(victim("NOTHING")), NULL))
			_exit(2);
		ss_wait(&child, NULL, -1);
		ss_release(&child);
		sem_post(&ended);
	}
	return unused;
}

static long during_spawn(void)
{
	long before = committed_kib();
	sem_post(&go);
	uint64_t exec = kept_exec_await(listener, NULL);
	long more = committed_kib() - before;
	kept_exec_let_go(listener, exec);
	sem_wait(&ended);
	return more;
}

static long during_fork(void)
{
	long before = committed_kib();
	pid_t pid = fork();
	if (pid < 0)
		_exit(77);
	if (pid == 0)
		for (;;)
			pause();
	long more = committed_kib() - before;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return more;
}

static long least_of(long (*during)(void), int rounds)
{
	long least = during();
	for (int i = 1; i < rounds; i++) {
		long more = during();
		if (labs(more) < labs(least))
			least = more;
	}
	return least;
}

static long greatest_of(long (*during)(void), int rounds)
{
	long greatest = during();
	for (int i = 1; i < rounds; i++) {
		long more = during();
		greatest = more > greatest ? more : greatest;
	}
	return greatest;
}

static void compare(size_t size)
{
	pthread_t thread;
	const int protection = PROT_READ | PROT_WRITE;
	void *memory =
		mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		_exit(77);
	sem_init(&go, 0, 0);
	sem_init(&ended, 0, 0);
	if (pthread_create(&thread, NULL, spawn_all, NULL))
		_exit(3);
	sem_wait(&ended);
	long by_spawn = least_of(during_spawn, ROUNDS), by_fork = greatest_of(during_fork, 5);
	pthread_join(thread, NULL);
	printf("%zu MiB: a spawn adds %ld KiB to Committed_AS, a fork %ld KiB\n", size >> 20,
		by_spawn, by_fork);
	fflush(stdout);
	_exit(labs(by_spawn) > MOST_KIB || by_fork < (long)(size >> 11));
}

static void a_spawn_commits_no_memory(void **unused)
{
	(void)unused;
	const size_t size =
		gib / (size_t)sysconf(_SC_PAGESIZE) > (size_t)sysconf(_SC_AVPHYS_PAGES) / 2
			? gib / 16
			: gib;
	needs_clone();
	needs_shared_memory();
	pid_t pid = fork();
	if (pid == 0)
		compare(size);
	assert_child_passes(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_spawn_commits_no_memory),
	};
	return RUN_TESTS(tests);
}
