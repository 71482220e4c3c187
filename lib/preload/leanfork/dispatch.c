/* SPDX-License-Identifier: MIT */
#include "preload/leanfork/dispatch.h"

#include <sys/syscall.h>

#define SET_DISPATCH 59
#define RESTORER_FLAG 0x04000000UL

long dispatch_on(void)
{
	return gate5(SYS_prctl, SET_DISPATCH, 1, gate_start, gate_end - gate_start, NULL);
}

void dispatch_off(void)
{
	gate5(SYS_prctl, SET_DISPATCH, 0, 0, 0, 0);
}

long set_action(int sig, const struct kernel_action *action)
{
	return gate4(SYS_rt_sigaction, sig, action, NULL, 8);
}

long set_handler(int sig, void (*handler)(int, siginfo_t *, void *), unsigned long more_flags,
	struct kernel_action *before)
{
	struct kernel_action action = {
		.handler = (uintptr_t)handler,
		.flags = SA_SIGINFO | RESTORER_FLAG | more_flags,
		.restorer = (uintptr_t)gate_restorer,
		.mask = ~SIG_BIT(SIGSEGV),
	};
	return gate4(SYS_rt_sigaction, sig, &action, before, 8);
}

long set_mask(uint64_t mask, uint64_t *before)
{
	return gate4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, 8);
}
