/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_KERNEL_SIGNALS_H
#define LEANFORK_KERNEL_SIGNALS_H

#include <stdint.h>

#include "base/kernel_action.h"

#define SIG_BIT(sig) (UINT64_C(1) << ((sig)-1))

/* Past libc, which leaves out two signals. */
long set_action(int sig, const struct kernel_action *action);
long set_mask(uint64_t mask, uint64_t *before);

#endif
