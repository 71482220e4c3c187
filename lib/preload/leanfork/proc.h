/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PROC_H
#define LEANFORK_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The calling thread in /proc. Its process may have no main thread any more, and then /proc/self
 * tells nothing. */
#define PROC_SELF "/proc/thread-self/"

/* The start of a file, and a NUL. False if there is none. */
bool proc_read(const char *path, char *text, size_t size);

/* Pure. What follows the name of a line, or NULL. */
const char *proc_line(const char *text, const char *name);

/* Pure. The first number from here on; 0 if there is none. */
uint64_t proc_number(const char *text);

/* Whether the thread's next child will be the first of a pid namespace, which ends with it. */
bool proc_next_child_is_first(void);

#endif
