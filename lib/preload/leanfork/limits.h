/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_LIMITS_H
#define LEANFORK_LIMITS_H

#include "preload/leanfork/calls.h"

/*
 * RLIMIT_DATA and RLIMIT_AS would keep a lean child from getting the memory that a native one has
 * had all along, so a lower limit is noted and comes into force at exec.
 */
enum verdict limits_prlimit(struct lean *l, struct call *call);
enum verdict limits_set(struct lean *l, struct call *call);
enum verdict limits_get(struct lean *l, struct call *call);

/* RLIMIT_DATA as the program has it; 0 if it has set either of them itself: then new memory may exceed it
 * natively, but not in here. */
uint64_t limits_data(struct lean *l);

void limits_enforce(struct lean *l);

/* After an exec that failed: the limits of before, as far as that is allowed. */
void limits_relax(struct lean *l);

#endif
