/* SPDX-License-Identifier: MIT */
#ifndef BASE_FORK_LOCK_H
#define BASE_FORK_LOCK_H

#include <signal.h>
#include <stdatomic.h>

/*
 * A lock that fork does not take. Handlers for fork that took it would wait for whoever holds it, who
 * may wait for something that the program's own handlers hold by then. Instead the child, which has
 * none of its parent's other threads, takes over what one of them has left locked. So what the lock
 * guards has to be right at any moment, not only when it is free.
 *
 * All zero is free. While it is held all signals are blocked: a handler may want it, too.
 */
struct fork_lock {
	_Atomic unsigned word;
};

/* Stores the signal mask that was. */
void ss__fork_lock_take(struct fork_lock *lock, sigset_t *mask);
void ss__fork_lock_leave(struct fork_lock *lock, const sigset_t *mask);

#endif
