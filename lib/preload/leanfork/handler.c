/* SPDX-License-Identifier: MIT */
/* Handlers that return through the gate. */
#include "preload/leanfork/handler.h"

#include <sys/syscall.h>

#include "preload/leanfork/gate.h"

#define RESTORER_FLAG 0x04000000UL

long set_handler(int sig, void (*handler)(int, siginfo_t *, void *), unsigned long more_flags,
	uint64_t let_through, struct kernel_action *before)
{
	struct kernel_action action = {
		.handler = (uintptr_t)handler,
		.flags = SA_SIGINFO | RESTORER_FLAG | more_flags,
		.restorer = (uintptr_t)gate_restorer,
		.mask = ~let_through & ~(more_flags & SA_NODEFER ? SIG_BIT(sig) : 0),
	};
	return gate4(SYS_rt_sigaction, sig, &action, before, 8);
}
