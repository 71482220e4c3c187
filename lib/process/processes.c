/* SPDX-License-Identifier: MIT */
/*
 * Members of a process group and descendants of a process, as /proc shows them. Hazards:
 *
 *  1. A process ID read in /proc may be a stranger's when it is used. So a pidfd is opened, and
 *     then the process is looked at once more.
 *  2. Processes fork during the search. So each that is found is stopped, and the search is
 *     repeated until it finds nothing new.
 */
#include "process/processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "engine/syscall.h"

/* A process may leave the group while it is waited for: look again after so long. */
enum { RECHECK_MS = 500, RECHECK_MS_WITHOUT_PIDFD = 20 };

struct process {
	pid_t pid, parent, group;
	bool lives; /* not a zombie */
};

#define SKIP_7 " %*s %*s %*s %*s %*s %*s %*s"

/* PID (NAME) STATE PPID PGRP ...: the name may contain anything, even parentheses. A process whose
 * first thread has ended looks like a zombie, but has other threads. */
static bool parse(const char *stat, struct process *process)
{
	char state;
	int parent, group, threads = 1;
	const char *name_end = strrchr(stat, ')');
	if (!name_end || sscanf(name_end + 1, " %c %d %d" SKIP_7 SKIP_7 " %d", &state, &parent,
				 &group, &threads) < 3)
		return false;
	process->parent = parent;
	process->group = group;
	process->lives = state != 'X' && (state != 'Z' || threads > 1);
	return true;
}

static bool read_process(int proc, pid_t pid, struct process *process)
{
	char path[32], stat[512];
	snprintf(path, sizeof path, "%d/stat", (int)pid);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t len = read(fd, stat, sizeof stat - 1);
	close(fd);
	stat[len > 0 ? len : 0] = '\0';
	process->pid = pid;
	return parse(stat, process);
}

/*
 * Stores in *found the next process of an open /proc for which wanted is true. 1, or 0 at the end;
 * *listed: /proc shows processes at all.
 */
static int next_process(DIR *proc, bool (*wanted)(const struct process *, const void *),
	const void *context, struct process *found, bool *listed)
{
	for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		*listed = true;
		if (read_process(dirfd(proc), atoi(entry->d_name), found) && wanted(found, context))
			return 1;
	}
	return 0;
}

static int find_process(bool (*wanted)(const struct process *, const void *), const void *context,
	struct process *found)
{
	DIR *proc = opendir("/proc");
	if (!proc)
		return -errno;
	bool listed = false;
	int r = next_process(proc, wanted, context, found, &listed);
	closedir(proc);
	return listed ? r : -ENOENT;
}

static bool lives_in(const struct process *process, const void *group)
{
	return process->lives && process->group == *(const pid_t *)group;
}

/*
 * Cancellation is off, because a thread cancelled in open or read would leave the directory open.
 */
int ss__group_lives(pid_t group)
{
	struct process found;
	struct cancel cancel;
	ss__cancel_off(&cancel);
	int lives = find_process(lives_in, &group, &found);
	ss__cancel_as_before(&cancel);
	return lives;
}

static int open_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? -errno : fd;
}

static void close_pidfd(void *fd)
{
	if (*(int *)fd >= 0)
		close(*(int *)fd);
}

/* The wait is a cancellation point. Without a pidfd it lasts as long as it may. */
static void await_end(int pidfd, int timeout_ms, const struct cancel *cancel)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	pthread_cleanup_push(close_pidfd, &pidfd);
	pthread_setcancelstate(cancel->state, NULL);
	poll(&p, 1, timeout_ms);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cleanup_pop(1);
}

/* (1) */
static void await_member(pid_t pid, pid_t group, int64_t deadline, const struct cancel *cancel)
{
	int fd = open_pidfd(pid);
	if (getpgid(pid) != group) {
		close_pidfd(&fd);
		return;
	}
	int most = fd < 0 ? RECHECK_MS_WITHOUT_PIDFD : RECHECK_MS;
	int left = ss__deadline_left(deadline);
	await_end(fd, left < 0 || left > most ? most : left, cancel);
}

int ss__group_await_one(pid_t group, int64_t deadline)
{
	struct process found;
	struct cancel cancel;
	ss__cancel_off(&cancel);
	int r = find_process(lives_in, &group, &found);
	if (r > 0)
		await_member(found.pid, group, deadline, &cancel);
	ss__cancel_as_before(&cancel);
	return r;
}

struct family {
	pid_t *members;
	size_t n, room;
};

static bool is_member(const struct family *family, pid_t pid)
{
	for (size_t i = 0; i < family->n; i++)
		if (family->members[i] == pid)
			return true;
	return false;
}

static bool is_new_child(const struct process *process, const void *family)
{
	return process->lives && is_member(family, process->parent) &&
	       !is_member(family, process->pid);
}

static int add_member(struct family *family, pid_t pid)
{
	if (family->n == family->room) {
		size_t room = family->room ? family->room * 2 : 64;
		pid_t *members = realloc(family->members, room * sizeof *members);
		if (!members)
			return -ENOMEM;
		family->members = members;
		family->room = room;
	}
	family->members[family->n++] = pid;
	return 0;
}

/* (1) From now on its process ID is safe, because a stopped parent does not reap it. */
static int stop_member(int proc, const struct family *family, pid_t pid)
{
	struct process again;
	int fd = open_pidfd(pid);
	bool same = read_process(proc, pid, &again) && is_new_child(&again, family);
	if (same && fd >= 0)
		syscall(SYS_pidfd_send_signal, fd, SIGSTOP, NULL, 0);
	else if (same && fd == -ENOSYS)
		kill(pid, SIGSTOP);
	if (fd >= 0)
		close(fd);
	return same ? 0 : -ESRCH;
}

/* Returns how many are new. */
static size_t collect(struct family *family)
{
	size_t before = family->n;
	struct process found;
	bool listed;
	DIR *proc = opendir("/proc");
	if (!proc)
		return 0;
	while (next_process(proc, is_new_child, family, &found, &listed) > 0)
		if (stop_member(dirfd(proc), family, found.pid) == 0 &&
			add_member(family, found.pid) < 0)
			break;
	closedir(proc);
	return family->n - before;
}

void ss__kill_descendants(pid_t ancestor)
{
	struct family family = {0};
	struct cancel cancel;
	ss__cancel_off(&cancel);
	if (add_member(&family, ancestor) == 0)
		while (collect(&family) > 0)
			; /* (2) */
	for (size_t i = 1; i < family.n; i++)
		kill(family.members[i], SIGKILL);
	free(family.members);
	ss__cancel_as_before(&cancel);
}
