/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_CLONE_H
#define LEANFORK_PARENT_CLONE_H

#include "preload/leanfork/call.h"

/* Whether the call is that of fork. */
bool clone_is_fork(const struct call *call);

/* Makes the clone, and serves the child. It returns in both; `uc` is then that of libc's call made,
 * or to be made natively (PHASE_CANCELLED). */
void clone_leanly(struct lean *l, ucontext_t *uc, const struct call *call);

/* Whether a signal is pending that would be handled by now, natively. libc's fork goes on natively
 * then, with this call. Before there is a child, and before signals are blocked. */
bool clone_interrupted(struct lean *l, ucontext_t *uc, long nr);

/* libc's fork goes on natively: with this call, or from where it is. */
void clone_natively(struct lean *l, ucontext_t *uc, long nr);
void clone_cancel(struct lean *l, ucontext_t *uc);

/* Restores the thread's signals and calls. Not needed once clone has been seen. */
void clone_call_close(struct lean *l);

#endif
