/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_PLAN_H
#define LEANFORK_PARENT_PLAN_H

#include "preload/leanfork/state.h"

/* Whether there may be lean forks in this process at all. */
bool plan_possible(void);

/* Chooses what this process's fork leaves out; `stack` is where the thread's stack has come to. */
enum lean_reason plan_make(struct lean *l, uintptr_t stack);

/* Has the kernel leave it out. */
void plan_apply(struct lean *l);

/* The child has come to its end: what it asked for is known. */
void plan_learn(const struct lean *l);

/* Pure. What may never be missing, not for a moment, lean or not. */
#define PINS 4
size_t plan_pins(const struct lean *l, struct span pins[PINS]);

#endif
