/* SPDX-License-Identifier: MIT */
#ifndef BASE_SIZED_H
#define BASE_SIZED_H

#include <stddef.h>

/*
 * The public structs that begin with their own size, as the caller was compiled with it, and grow at
 * their ends. `first` is the size that they had in the first release, which all callers know.
 */

/* The most that a struct of any release has: a size that nobody set must not be read or written through. */
#define SIZED_MOST 4096

/* 0, -EINVAL for a size that never was, -E2BIG for one above SIZED_MOST. */
int ss__sized_check(const void *given, size_t first);

/*
 * Copies what is given, which may be NULL, to mine[size], cleared before. 0, -EINVAL, or -E2BIG: the
 * size is above SIZED_MOST, or something is set beyond what this library knows. In the last case mine is
 * filled in all the same.
 */
int ss__sized_read(void *mine, size_t size, const void *given, size_t first);

/* Copies mine[size] to what is given, which has been checked, and clears what is beyond. */
void ss__sized_write(void *given, const void *mine, size_t size);

#define SIZED_UP_TO(type, field) (offsetof(type, field) + sizeof(((type *)NULL)->field))

#endif
