/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CALL_LIMITS_H
#define LEANFORK_CALL_LIMITS_H

#include "preload/leanfork/call.h"

/*
 * RLIMIT_DATA and RLIMIT_AS would keep a lean child from getting the memory that a native one has
 * had all along, so they are noted and come into force at exec.
 */
enum verdict limits_prlimit(struct lean *l, struct call *call);
enum verdict limits_set(struct lean *l, struct call *call);
enum verdict limits_get(struct lean *l, struct call *call);

/* Takes the parent's away until then, as far as that is allowed. */
void limits_lift(struct lean *l);

/* Whether the program may have so many bytes more, natively: what was left out counts. */
bool limits_allow(const struct lean *l, uint64_t more, bool data);

void limits_enforce(struct lean *l);

/* After an exec that failed: the limits of before, as far as that is allowed. */
void limits_relax(struct lean *l);

#endif
