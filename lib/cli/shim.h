/* SPDX-License-Identifier: MIT */
#ifndef CLI_SHIM_H
#define CLI_SHIM_H

#include <stdbool.h>

/* Finds the shim beside this program, as built or as installed, else in the configured folder. The
 * caller frees the absolute path. NULL: not found. */
char *shim_find(void);

/* Whether the shim could be loaded into this program. If not, the loader would complain in each
 * process. */
bool shim_is_usable(const char *shim);

/* Adds the shim once, at the end of LD_PRELOAD. Returns 0 or -errno; -EINVAL: the path has a space,
 * a colon or a dollar, which LD_PRELOAD cannot carry. */
int shim_preload(const char *shim);

#endif
