/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_DISPATCH_H
#define LEANFORK_DISPATCH_H

#include <signal.h>
#include <stdbool.h>

#include "preload/leanfork/kernel_signals.h"

/* Until dispatch_off the kernel sends this thread SIGSYS for every system call outside the gate. 0
 * or -errno. */
long dispatch_on(void);
void dispatch_off(void);

/* Whether the program may dispatch calls itself, by its action for SIGSYS, because the kernel does
 * not tell. */
bool dispatch_is_foreign(const struct kernel_action *action);

#endif
