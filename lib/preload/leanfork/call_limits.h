/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CALL_LIMITS_H
#define LEANFORK_CALL_LIMITS_H

#include "preload/leanfork/call.h"

/* A native child inherits its memory whatever RLIMIT_DATA and RLIMIT_AS say. They would keep a lean
 * child from getting it. So changes are recorded and come into force at exec. */
enum verdict limits_prlimit(struct lean *l, struct call *call);
enum verdict limits_set(struct lean *l, struct call *call);
enum verdict limits_get(struct lean *l, struct call *call);

/* Lifts the parent's limits until then, as far as the kernel allows. */
void limits_lift(struct lean *l);

/* Whether a native child could have so many bytes more. What was left out counts. */
bool limits_allow(const struct lean *l, uint64_t more, bool data);

void limits_enforce(struct lean *l);

/* After a failed exec: lifts them again, as far as the kernel allows. */
void limits_relax(struct lean *l);

#endif
