/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_KERNEL_SIGNALS_H
#define LEANFORK_KERNEL_SIGNALS_H

#include <stdint.h>

/* What the kernel takes for rt_sigaction on x86-64. Elsewhere only the handler is where it is here. */
struct kernel_action {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

#define SIG_BIT(sig) (UINT64_C(1) << ((sig)-1))

/* The kernel's actions and mask, past libc, which leaves out two signals. */
long set_action(int sig, const struct kernel_action *action);
long set_mask(uint64_t mask, uint64_t *before);

#endif
