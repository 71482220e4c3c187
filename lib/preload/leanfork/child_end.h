/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CHILD_END_H
#define LEANFORK_CHILD_END_H

#include "preload/leanfork/state.h"

/* Ends the child. Its parent forks natively, or fork fails. */
_Noreturn void child_give_up(struct lean *l, enum lean_reason reason);

/* The same, because of a system call. */
_Noreturn void child_give_up_at(struct lean *l, long call);

#endif
