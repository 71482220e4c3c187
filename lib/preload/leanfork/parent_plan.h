/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_PLAN_H
#define LEANFORK_PARENT_PLAN_H

#include "preload/leanfork/state.h"

/* Whether this process can have lean forks. */
bool plan_possible(void);

/* Chooses what this process's fork leaves out. `stack` is the thread's stack pointer. */
enum lean_reason plan_make(struct lean *l, uintptr_t stack);

/* Has the kernel leave the ranges out. */
void plan_apply(struct lean *l);

/* The child has ended or exec'ed: remembers what it asked for. */
void plan_learn(const struct lean *l);

/* Pure. The memory that a lean child needs at every moment. */
#define PINS 4
size_t plan_pins(const struct lean *l, struct span pins[PINS]);

#endif
