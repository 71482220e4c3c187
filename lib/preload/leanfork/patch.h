/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PATCH_H
#define LEANFORK_PATCH_H

#include "preload/leanfork/state.h"

/* Parent, with the lock held: finds the system calls of all text that is mapped. False if that
 * cannot be known of some. */
bool patch_scan(struct lean *l);

/* Child: whether the text is the same as then. */
bool patch_is_current(struct lean *l);

/* Calls a function for each system call found, in the order of addresses, until one returns false. */
bool patch_each(bool (*take)(void *context, uintptr_t at), void *context);

/* Parent, with the lock held: libc's clone branches to us from now on. False if it cannot. */
bool patch_hook(void);

/* The fork whose clone is awaited from this thread; NULL: none. */
void patch_await(struct lean *l);

#endif
