/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PLAN_H
#define LEANFORK_PLAN_H

#include "preload/leanfork/state.h"

/* Whether there may be lean forks in this process at all. */
bool plan_possible(void);

/* Chooses what this process's fork leaves out; `stack` is where the thread's stack has come to. */
enum lean_reason plan_make(struct lean *l, uintptr_t stack);

/* The child has come to its end: what it asked for is known. */
void plan_learn(const struct lean *l);

/* Marks it for the kernel, and back. What can't be marked is taken out of the plan. */
void plan_leave_out(struct lean *l);
void plan_put_back(struct lean *l);

#endif
