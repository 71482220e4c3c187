/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_ACTION_H
#define ENGINE_ACTION_H

#include <signal.h>
#include <stdbool.h>

#include "engine/job.h"
#include "engine/syscall.h"

/*
 * The kernel's own struct sigaction. Only SIG_DFL is ever set with it, so that neither flags nor
 * restorer matter; it is as long as the longest layout of the three architectures.
 */
struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	kernel_sigset mask;
};

/* Whether the signal has a handler. The child calls it, too. */
PLAIN static inline bool action_is_handler(int sig)
{
	struct kernel_action action;
	if (raw4(SYS_rt_sigaction, sig, 0, &action, sizeof action.mask) < 0)
		return false;
	return action.handler != SIG_DFL && action.handler != SIG_IGN;
}

#endif
