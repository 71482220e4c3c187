/* SPDX-License-Identifier: MIT */
/* The process of the demo that grows and measures. */
#include "cli/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>

#include "base/clock.h"

static char program[] = DEMO_PROGRAM;
static char *const command[] = {program, NULL};

static int wait_for(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status == 0 ? 0 : -ECHILD;
}

static int by_fork(void)
{
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	return wait_for(pid);
}

static int by_libc(void)
{
	pid_t pid;
	int error = posix_spawnp(&pid, command[0], NULL, NULL, command, environ);
	return error ? -error : wait_for(pid);
}

static int by_spawn(void)
{
	struct ss_child child;
	int status;
	if (ss_spawn(&child, command, NULL) < 0)
		return -errno;
	int error = ss_wait(&child, &status, -1) < 0 ? -errno : status == 0 ? 0 : -ECHILD;
	ss_release(&child);
	return error;
}

int demo_try(void)
{
	return by_spawn();
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static struct demo_outcome measure(int (*way)(void))
{
	struct demo_outcome outcome = {0};
	uint64_t times[DEMO_ROUNDS];

	for (int i = 0; i < DEMO_ROUNDS; i++) {
		uint64_t start = ss__now_ns();
		int error = way();
		if (error < 0)
			outcome.error = -error;
		else
			times[outcome.worked++] = ss__now_ns() - start;
	}
	if (outcome.worked) {
		qsort(times, (size_t)outcome.worked, sizeof times[0], compare);
		outcome.median_ns = times[outcome.worked / 2];
		outcome.worst_ns = times[outcome.worked - 1];
	}
	return outcome;
}

/* The kernel refuses one mapping that is larger than the machine. It lets two smaller ones pass,
 * and merges them into one, as in real programs. */
static int promise(uint64_t bytes)
{
	size_t half = (size_t)(bytes / 2) & ~(size_t)4095;
	char *place = mmap(NULL, 2 * half, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (place == MAP_FAILED || mprotect(place, half, PROT_READ | PROT_WRITE) < 0 ||
		mprotect(place + half, half, PROT_READ | PROT_WRITE) < 0)
		return -errno;
	return 0;
}

/* Small pages, as in a process that has grown slowly. */
static int grow(uint64_t bytes)
{
	char *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (place == MAP_FAILED)
		return -errno;
	madvise(place, bytes, MADV_NOHUGEPAGE);
	for (uint64_t i = 0; i < bytes; i += 4096)
		((volatile char *)place)[i] = 1;
	return 0;
}

/* If memory runs out, the kernel is to kill this process rather than another. */
static void be_preferred_as_oom_victim(void)
{
	static const char most[] = "1000";
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, most, sizeof most - 1) < 0)
		errno = 0; /* without the setting this process is as likely a victim as others */
	close(fd);
}

/* --measure BYTES grown|promised WAYS */
int demo_main(int argc, char **argv)
{
	static int (*const ways[])(void) = {by_fork, by_libc, by_spawn};
	if (argc != 4)
		return 1;
	be_preferred_as_oom_victim();
	uint64_t bytes = strtoull(argv[1], NULL, 10);
	int count = atoi(argv[3]);
	int error = strcmp(argv[2], "promised") ? grow(bytes) : promise(bytes);

	printf("%d\n", -error);
	for (int i = 0; error == 0 && i < count && i < DEMO_WAYS; i++) {
		struct demo_outcome o = measure(ways[i]);
		printf("%d %d %llu %llu\n", o.worked, o.error, (unsigned long long)o.median_ns,
			(unsigned long long)o.worst_ns);
	}
	return fflush(stdout) != 0;
}
