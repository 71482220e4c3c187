/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_PATH_H
#define ENGINE_PATH_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/plain.h"

/*
 * The paths to try for a program, in order: strings one behind the other, the last one empty.
 * `path` is a list as in PATH; NULL: the file itself is all there is.
 * An empty element is the current directory. An element of PATH_MAX bytes or more is left out as
 * though it were not there, separator and all. None of the paths begins with '-'.
 */

/*
 * Whether the search goes on after exec has failed on a candidate with this errno. Then that
 * element of PATH has no such file. The child calls it, too.
 */
PLAIN static inline bool path_goes_on(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ESTALE ||
	       error == ENODEV || error == ETIMEDOUT || error == ENAMETOOLONG;
}

/* Bytes that ss__path_candidates will write. */
size_t ss__path_candidates_size(const char *file, const char *path);

/* Writes them. */
void ss__path_candidates(char *list, const char *file, const char *path);

#endif
