/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_DISPATCH_H
#define LEANFORK_DISPATCH_H

#include <signal.h>
#include <stdbool.h>

#include "preload/leanfork/kernel_signals.h"

/* Values of si_code, newer than some headers. */
#define FROM_SECCOMP 1
#define FROM_DISPATCH 2

/* The kernel sends this thread SIGSYS for every system call made outside the gate, until
 * dispatch_off. Returns 0 or -errno. */
long dispatch_on(void);
void dispatch_off(void);

/* In a process that a seccomp filter may kill: is dispatched once, and its handler returns. */
void dispatch_try(void);

/* Whether the program may have calls dispatched itself, from its action for SIGSYS: the kernel
 * doesn't say. */
bool dispatch_is_foreign(const struct kernel_action *action);

/* Of the kernel, past libc. The handler runs with everything blocked but what is let through, and with
 * SA_NODEFER its own signal. */
long set_handler(int sig, void (*handler)(int, siginfo_t *, void *), unsigned long more_flags,
	uint64_t let_through, struct kernel_action *before);

#endif
