/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PROC_H
#define LEANFORK_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The calling thread. /proc/self tells nothing if the main thread has ended. */
#define PROC_SELF "/proc/thread-self/"

/* Reads the start of a file, and adds a NUL. False: there is no such file. */
bool proc_read(const char *path, char *text, size_t size);

/*
 * Calls `take` for each line, without its newline, until it returns false. Of a line that is longer
 * than the room for text only the start is taken. False: there is no such file, or no end.
 */
bool proc_lines(const char *path, char *text, size_t size,
	bool (*take)(void *context, const char *line, size_t len), void *context);

/* What follows the name of a line, without blanks at its start; empty: there is no such line. */
struct proc_value {
	const char *name;
	char text[24];
};

/* Looks for these lines in a file. Takes little stack, because a handler on a small one may fork.
 * False: there is no such file. */
bool proc_values(const char *path, struct proc_value *values, size_t n);

/* Pure. The first number from here on; 0: none. */
uint64_t proc_number(const char *text);

/* As readlink, by libc's call because of seccomp filters. Returns its length or -errno. */
long proc_readlink(const char *path, char *target, size_t size);

/* Whether the thread's next child will be the first of a pid namespace, which would end with it. */
bool proc_next_child_is_first(void);

#endif
