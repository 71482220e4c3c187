/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_HANDLER_H
#define LEANFORK_HANDLER_H

#include <signal.h>

#include "preload/leanfork/kernel_signals.h"

/* Values of si_code for SIGSYS, newer than some headers. */
#define FROM_SECCOMP 1
#define FROM_DISPATCH 2

/* Sets the kernel's action. The handler runs with all signals blocked but those let through, and
 * with its own signal let through by SA_NODEFER. */
long set_handler(int sig, void (*handler)(int, siginfo_t *, void *), unsigned long more_flags,
	uint64_t let_through, struct kernel_action *before);

#endif
