/* SPDX-License-Identifier: MIT */
#ifndef BASE_FORK_LOCK_H
#define BASE_FORK_LOCK_H

#include <signal.h>
#include <stdatomic.h>

/*
 * A lock that fork does not take. A fork handler that took it would wait for its owner, who may
 * wait for something that the program's own fork handlers hold by then. Instead the child, which
 * has none of its parent's other threads, takes over a lock that one of them held. So the data
 * under the lock must be valid at any moment, not only while it is free.
 *
 * All zero is free. All signals are blocked while it is held, because a handler may want it too.
 */
struct fork_lock {
	_Atomic unsigned word;
};

/* *mask gets the previous signal mask. */
void ss__fork_lock_take(struct fork_lock *lock, sigset_t *mask);
void ss__fork_lock_leave(struct fork_lock *lock, const sigset_t *mask);

#endif
