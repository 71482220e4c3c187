/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_DISPATCH_H
#define LEANFORK_DISPATCH_H

#include <signal.h>
#include <stdbool.h>

#include "preload/leanfork/kernel_signals.h"

/* Values of si_code, newer than some headers. */
#define FROM_SECCOMP 1
#define FROM_DISPATCH 2

/* Until dispatch_off the kernel sends this thread SIGSYS for every system call outside the gate. 0
 * or -errno. */
long dispatch_on(void);
void dispatch_off(void);

/* For a process that a seccomp filter may kill: one dispatched call whose handler returns. */
void dispatch_try(void);

/* Whether the program may dispatch calls itself, by its action for SIGSYS, because the kernel does
 * not tell. */
bool dispatch_is_foreign(const struct kernel_action *action);

/* Sets the kernel's action. The handler runs with all signals blocked but those let through, and
 * with its own signal let through by SA_NODEFER. */
long set_handler(int sig, void (*handler)(int, siginfo_t *, void *), unsigned long more_flags,
	uint64_t let_through, struct kernel_action *before);

#endif
