/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CALL_SIGNALS_H
#define LEANFORK_CALL_SIGNALS_H

#include "preload/leanfork/call.h"

/* The program's view of its signals, which differs from the kernel's: rt_sigprocmask, rt_sigaction,
 * sigaltstack. */
enum verdict signals_mask(struct lean *l, struct call *call);
enum verdict signals_action(struct lean *l, struct call *call);
enum verdict signals_stack(struct lean *l, struct call *call);

/* Takes the child's pending signals. Returns those that others sent to it, or to its group. */
uint64_t signals_of_others(void);

#endif
