/* SPDX-License-Identifier: MIT */
#ifndef TEST_SYSCTL_GUARD_H
#define TEST_SYSCTL_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Changes kernel settings for the length of a test. A guardian process puts them back in
 * sysctl_guard_end(), or as soon as the test is gone, however it ended. It is a small fork: begin
 * before the test maps much. Not for two threads at once.
 */
struct sysctl_guard {
	pid_t pid;
	int link; /* CLOEXEC; its end of file is one of the two signs that the test is gone */
};

/*
 * Whether tests may change kernel settings: as root, with TEST_SYSCTLS=1 in the environment, if
 * `name` can be written to. Otherwise prints what is missing.
 */
bool sysctl_guard_may(const char *name);

/* 0, or -errno. */
int sysctl_guard_begin(struct sysctl_guard *guard);

/*
 * Has the guardian remember what the file holds, then writes the new value. A name is a path below
 * /proc/sys, or any absolute path of a file that takes back what it gives. 0, or -errno.
 */
int sysctl_guard_set(struct sysctl_guard *guard, const char *name, const char *value);

/* Makes a directory, for a cgroup, and removes it when the guard ends. 0, or -errno. */
int sysctl_guard_mkdir(struct sysctl_guard *guard, const char *path);

/* Restores everything and reaps the guardian. 0, or -EIO: something could not be restored. */
int sysctl_guard_end(struct sysctl_guard *guard);

/* Reads a number from such a file; -1 when that fails. */
long long sysctl_read(const char *name);

#endif
