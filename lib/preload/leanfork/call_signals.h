/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CALL_SIGNALS_H
#define LEANFORK_CALL_SIGNALS_H

#include "preload/leanfork/call.h"

/* The program's view of its signals, while the kernel's differs: rt_sigprocmask, rt_sigaction,
 * sigaltstack. */
enum verdict signals_mask(struct lean *l, struct call *call);
enum verdict signals_action(struct lean *l, struct call *call);
enum verdict signals_stack(struct lean *l, struct call *call);

/* Takes what is pending in the child. Returns what others sent it, or its process group. */
uint64_t signals_of_others(void);

#endif
