/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_KERNEL_SIGNALS_H
#define LEANFORK_KERNEL_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/kernel_action.h"

#define SIG_BIT(sig) (UINT64_C(1) << ((sig)-1))

/* Past libc, which leaves out two signals. */
long set_action(int sig, const struct kernel_action *action);
long set_mask(uint64_t mask, uint64_t *before);

/* Whether the thread is on an alternate signal stack without room for a lean fork. */
bool stack_is_short(void);

#endif
