/* SPDX-License-Identifier: MIT */
#include "process/group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"

#define SKIP_7 " %*s %*s %*s %*s %*s %*s %*s"

/*
 * PID (NAME) STATE PPID PGRP ...: the name may have anything in it, parentheses as well. A process
 * the first thread of which has ended looks like a zombie, but has others.
 */
static bool lives_in(const char *stat, pid_t group)
{
	char state;
	int its_group, threads = 1;
	const char *name_end = strrchr(stat, ')');
	if (!name_end || sscanf(name_end + 1, " %c %*s %d" SKIP_7 SKIP_7 " %d", &state, &its_group,
				 &threads) < 2)
		return false;
	return its_group == group && state != 'X' && (state != 'Z' || threads > 1);
}

static bool process_lives_in(int proc, const char *pid, pid_t group)
{
	char path[32], stat[512];
	if (snprintf(path, sizeof path, "%s/stat", pid) >= (int)sizeof path)
		return false;
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t len = read(fd, stat, sizeof stat - 1);
	close(fd);
	stat[len > 0 ? len : 0] = '\0';
	return lives_in(stat, group);
}

static int look(pid_t group)
{
	DIR *proc = opendir("/proc");
	if (!proc)
		return -errno;
	bool lives = false, listed = false;
	for (struct dirent *entry; !lives && (entry = readdir(proc)) != NULL;) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		listed = true;
		lives = process_lives_in(dirfd(proc), entry->d_name, group);
	}
	closedir(proc);
	return listed ? lives : -ENOENT;
}

/* Cancelled in open or read a thread would leave the directory open. */
int ss__group_lives(pid_t group)
{
	struct cancel cancel;
	ss__cancel_off(&cancel);
	int lives = look(group);
	ss__cancel_as_before(&cancel);
	return lives;
}
