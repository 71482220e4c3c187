/* SPDX-License-Identifier: MIT */
#ifndef CLI_SHIM_H
#define CLI_SHIM_H

#include <stdbool.h>

/* Finds the shim beside this program, as built or as installed, else in the configured folder. The
 * caller frees the absolute path. NULL: not found. */
char *shim_find(void);

/* Whether the shim can be loaded into this program. Otherwise the loader would complain in each
 * process. */
bool shim_is_usable(const char *shim);

/* Appends the shim to LD_PRELOAD, once. 0 or -errno; -EINVAL: LD_PRELOAD cannot carry a path with a
 * space, a colon or a dollar. */
int shim_preload(const char *shim);

#endif
