/* SPDX-License-Identifier: MIT */
#ifndef CLI_SHIM_H
#define CLI_SHIM_H

#include <stdbool.h>

/* Finds the shim beside this program, as built or as installed, else where it was configured to
 * be. The path is absolute; to be freed. NULL: it is nowhere. */
char *shim_find(void);

/* Whether it is a library that could be loaded into this very program. Else the loader would complain
 * in each process, and run it nevertheless. */
bool shim_is_usable(const char *shim);

/* Puts it into LD_PRELOAD, behind what is there, and once only. -errno; -EINVAL: LD_PRELOAD cannot
 * carry that path, as spaces and colons separate its entries and dollars begin a variable. */
int shim_preload(const char *shim);

#endif
