/* SPDX-License-Identifier: MIT */
#ifndef BASE_KERNEL_ACTION_H
#define BASE_KERNEL_ACTION_H

#include <stdint.h>

/*
 * The kernel's struct sigaction on x86-64 and aarch64. Elsewhere the handler alone has this place,
 * and no layout is longer.
 */
struct kernel_action {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

enum { KERNEL_DEFAULT, KERNEL_IGNORE }; /* handlers */

#endif
