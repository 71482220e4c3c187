/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_SPLIT_H
#define LEANFORK_PARENT_SPLIT_H

#include <sys/types.h>

/*
 * A native fork with large mappings in parts, each small enough for the kernel's heuristic. Returns as
 * fork does. -1 with ENOMEM: parts don't help, nothing has changed. Any thread.
 */
pid_t split_fork(pid_t (*libc_fork)(void));

/* In the child of any other fork, which another thread's parts may have come into. */
void split_reset(void);

#endif
