/* SPDX-License-Identifier: MIT */
/* Signal actions and masks, by raw calls. */
#include "preload/leanfork/kernel_signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "preload/leanfork/gate.h"

long set_action(int sig, const struct kernel_action *action)
{
	return gate4(SYS_rt_sigaction, sig, action, NULL, 8);
}

long set_mask(uint64_t mask, uint64_t *before)
{
	return gate4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, 8);
}
