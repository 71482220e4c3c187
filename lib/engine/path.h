/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_PATH_H
#define ENGINE_PATH_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/plain.h"

/*
 * The paths to try for a program, in order: strings one behind the other, the last one empty.
 * `path` is a list as in PATH; NULL: only the file itself. An empty element is the current
 * directory. An element of PATH_MAX bytes or more is left out. No path begins with "-".
 */

/* Whether the search goes on after exec failed with this errno: the element of PATH has no such
 * file. The child calls this, too. */
PLAIN static inline bool path_goes_on(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ESTALE ||
	       error == ENODEV || error == ETIMEDOUT || error == ENAMETOOLONG;
}

/* Bytes that ss__path_candidates writes. */
size_t ss__path_candidates_size(const char *file, const char *path);

void ss__path_candidates(char *list, const char *file, const char *path);

#endif
