/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SIZED_H
#define PROCESS_SIZED_H

#include <stddef.h>

/*
 * The public structs that begin with their own size, as the caller was compiled with it, and grow at
 * their ends. `first` is the size that they had in the first release, which all callers know.
 */

/* 0, or -EINVAL for a size that never was. */
int ss__sized_check(const void *given, size_t first);

/*
 * Copies what is given, which may be NULL, to mine[size], cleared before. 0, -EINVAL, or -E2BIG for
 * something that is set beyond what this library knows; mine is filled in all the same then.
 */
int ss__sized_read(void *mine, size_t size, const void *given, size_t first);

/* Copies mine[size] to what is given, as far as that goes, and clears what is beyond. */
void ss__sized_write(void *given, const void *mine, size_t size);

#define SIZED_UP_TO(type, field) (offsetof(type, field) + sizeof(((type *)NULL)->field))

#endif
