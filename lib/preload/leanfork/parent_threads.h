/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_THREADS_H
#define LEANFORK_PARENT_THREADS_H

#include "preload/leanfork/state.h"

/* Finds libc's lists of threads. Once, before any signal is blocked. */
void threads_look_up(void);

/* Calls `take` for each thread's own block. */
void threads_each(struct lean *l, void (*take)(struct lean *l, struct span block));

/* Pure. What the kernel and compiled code may use of the calling thread at any moment: its own
 * block, and its rseq area. False: unknown. */
bool threads_pins(struct span pins[2]);

#endif
