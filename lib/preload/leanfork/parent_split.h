/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_SPLIT_H
#define LEANFORK_PARENT_SPLIT_H

#include <sys/types.h>

/* A native fork with large mappings in parts, each small enough for the kernel's heuristic. Returns
 * as fork does. -1 with ENOMEM: parts do not help, and nothing has changed. Any thread. */
pid_t split_fork(pid_t (*libc_fork)(void));

/* For the child of any other fork, which may have inherited another thread's parts. */
void split_reset(void);

#endif
