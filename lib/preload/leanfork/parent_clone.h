/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_CLONE_H
#define LEANFORK_PARENT_CLONE_H

#include "preload/leanfork/state.h"

/* The handler of the forking thread's system calls, from the start of libc's fork to its clone. */
void clone_call_on_call(int sig, siginfo_t *info, void *context);

/* Restores the thread's signals and calls. Not needed once clone has been seen. */
void clone_call_close(struct lean *l);

#endif
