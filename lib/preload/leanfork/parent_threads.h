/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_THREADS_H
#define LEANFORK_PARENT_THREADS_H

#include "preload/leanfork/state.h"

/* Finds out where libc has its lists of threads. Once, before any signal is blocked. */
void threads_look_up(void);

/* Hands over where each thread's own block is. */
void threads_each(struct lean *l, void (*take)(struct lean *l, struct span block));

/* Pure. What the kernel and compiled code may get at in any moment, of the calling thread's: its own
 * block, and the area for restartable sequences. False if it isn't known. */
bool threads_pins(struct span pins[2]);

#endif
