/* SPDX-License-Identifier: MIT */
/* Signal actions and masks, by raw calls. */
#include "preload/leanfork/kernel_signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "preload/leanfork/gate.h"

#define ROOM_NEEDED 12288

long set_action(int sig, const struct kernel_action *action)
{
	return gate4(SYS_rt_sigaction, sig, action, NULL, 8);
}

long set_mask(uint64_t mask, uint64_t *before)
{
	return gate4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, 8);
}

bool stack_is_short(void)
{
	stack_t stack = {.ss_flags = 0};
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	return gate2(SYS_sigaltstack, NULL, &stack) == 0 && stack.ss_flags & SS_ONSTACK &&
	       here - (uintptr_t)stack.ss_sp < ROOM_NEEDED;
}
