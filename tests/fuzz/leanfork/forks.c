/* SPDX-License-Identifier: MIT */
/* The ways of forking that are compared, and threads that disturb them. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "forks.h"
#include "preload/leanfork/leanfork.h"

const char *const mode_names[MODES] = {"native", "lean", "rescue", "enomem", "shim", "shim-enomem"};
struct fork_stats *fork_stats;
static enum mode mode_now;
static pid_t (*libc_fork)(void) = fork;

/* Past a shim that may be preloaded. */
static void find_libc_fork(void)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	void *found = libc ? dlsym(libc, "fork") : NULL;
	if (found)
		memcpy(&libc_fork, &found, sizeof found);
	if (libc)
		dlclose(libc);
}

/* Two mappings that merge into one, larger than memory and swap: fork is refused by overcommit's
 * heuristics. */
static void map_more_than_there_is(void)
{
	struct sysinfo info;
	sysinfo(&info);
	size_t all = (info.totalram + info.totalswap) * info.mem_unit;
	size_t half = (all / 2 + ((size_t)2 << 30)) & ~(((size_t)1 << 30) - 1);
	char *at =
		mmap(NULL, 2 * half, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (int i = 0; i < 2; i++)
		if (mmap(at + i * half, half, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			_exit(93);
}

void forks_prepare(enum mode mode)
{
	find_libc_fork();
	mode_now = mode;
	if (mode == MODE_ENOMEM || mode == MODE_SHIM_ENOMEM)
		map_more_than_there_is();
}

static pid_t fork_leanly(enum lean_kind kind)
{
	struct lean_options options = {
		.kind = kind,
		.least_total = 1,
		.least_range = 65536,
		.limit_ms = settings.limit_ms,
		.libc_fork = libc_fork,
	};
	struct lean_result result;
	int before = errno;
	pid_t pid = lean_fork(&options, &result);
	if (pid > 0)
		errno = before;
	if (pid > 0 && fork_stats)
		fork_stats->outcomes[mode_now][result.outcome]++;
	return pid;
}

pid_t fork_by(enum mode mode)
{
	int before;
	pid_t pid;
	switch (mode) {
	case MODE_LEAN:
		return fork_leanly(LEAN_EAGER);
	case MODE_RESCUE:
		return fork_leanly(LEAN_RESCUE);
	case MODE_ENOMEM:
		before = errno;
		pid = lean_native(libc_fork);
		if (pid >= 0 || errno != ENOMEM)
			return pid;
		errno = before;
		return fork_leanly(LEAN_RESCUE);
	case MODE_SHIM:
	case MODE_SHIM_ENOMEM:
		return fork();
	default:
		return libc_fork();
	}
}

bool is_refused(void)
{
	return mode_now == MODE_ENOMEM || mode_now == MODE_SHIM_ENOMEM;
}

pid_t fork_again(void)
{
	return fork_by(mode_now);
}

static volatile bool stop;
static pthread_t threads[DISTURBERS];
static bool running[DISTURBERS];

static void pause_shortly(void)
{
	nanosleep(&(struct timespec){0, 20000}, NULL);
}

/* Busy for a while, away for a while: the others need the processor, too. */
static void pause_now_and_then(size_t i)
{
	if (i % 64 == 63)
		pause_shortly();
}

static void *allocates(void *arg)
{
	for (size_t i = 0; !stop; i++) {
		char *at = malloc(1 + i * 997 % 300000);
		if (at)
			at[0] = 1;
		free(at);
		pause_now_and_then(i);
	}
	return arg;
}

static void *maps(void *arg)
{
	for (size_t i = 0; !stop; i++) {
		size_t size = (1 + i % 60) * PAGE_SIZE;
		char *at = mmap(
			NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED)
			continue;
		at[0] = 1;
		munmap(at, size);
		pause_now_and_then(i);
	}
	return arg;
}

static void *writes(void *arg)
{
	enum { SIZE = 1 << 20 };
	char *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; at != MAP_FAILED && !stop; i++) {
		at[i * 4099 % SIZE]++;
		pause_now_and_then(i / 8);
	}
	munmap(at, SIZE);
	return arg;
}

static void *forks_too(void *arg)
{
	while (!stop) {
		pid_t pid = fork_by(mode_now);
		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		pause_shortly();
	}
	return arg;
}

static void *sends(void *arg)
{
	while (!stop) {
		kill(getpid(), SIGURG);
		pause_shortly();
	}
	return arg;
}

void disturbers_start(unsigned which)
{
	static void *(*const bodies[DISTURBERS])(void *) = {
		allocates, maps, writes, forks_too, sends};
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	for (size_t i = 0; i < DISTURBERS; i++)
		running[i] = which >> i & 1 && !pthread_create(&threads[i], NULL, bodies[i], NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

void disturbers_stop(void)
{
	stop = true;
	for (size_t i = 0; i < DISTURBERS; i++)
		if (running[i])
			pthread_join(threads[i], NULL);
}
