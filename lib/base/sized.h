/* SPDX-License-Identifier: MIT */
#ifndef BASE_SIZED_H
#define BASE_SIZED_H

#include <stddef.h>

/*
 * Public structs begin with the size that the caller was compiled with, and grow at their ends.
 * `first` is the size in the first release: no caller has less.
 */

/* An upper bound for all releases. A larger size is uninitialised memory. */
#define SIZED_MOST 4096

/* 0; -EINVAL: no release has this size; -E2BIG: it is above SIZED_MOST. */
int ss__sized_check(const void *given, size_t first);

/*
 * Clears mine[size] and copies the caller's struct, which may be NULL, into it. 0, -EINVAL, or
 * -E2BIG: the size is above SIZED_MOST, or a member is set that this library does not know. In the
 * last case mine is filled in all the same.
 */
int ss__sized_read(void *mine, size_t size, const void *given, size_t first);

/* Copies mine[size] to the caller's struct, whose size has been checked, and clears the rest. */
void ss__sized_write(void *given, const void *mine, size_t size);

#define SIZED_UP_TO(type, field) (offsetof(type, field) + sizeof(((type *)NULL)->field))

#endif
