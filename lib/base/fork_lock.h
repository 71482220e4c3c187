/* SPDX-License-Identifier: MIT */
#ifndef BASE_FORK_LOCK_H
#define BASE_FORK_LOCK_H

#include <signal.h>
#include <stdatomic.h>

/*
 * A lock that fork does not take. A fork handler that took it could deadlock: the lock's owner may
 * wait for a lock of the program's own fork handlers. Instead, the child takes the lock over if a
 * thread that it does not have holds it. So the data under the lock must be valid at any moment.
 *
 * All zero is free. All signals are blocked while it is held, because a handler may want it.
 */
struct fork_lock {
	_Atomic unsigned word;
};

/* *mask gets the previous signal mask. */
void ss__fork_lock_take(struct fork_lock *lock, sigset_t *mask);
void ss__fork_lock_leave(struct fork_lock *lock, const sigset_t *mask);

#endif
