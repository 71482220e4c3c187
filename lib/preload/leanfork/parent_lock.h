/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_LOCK_H
#define LEANFORK_PARENT_LOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The process's forks take turns in the order in which they come: one lean fork alone, or any
 * number of native ones. A native fork nested in another of the same thread (by a signal handler)
 * takes no turn. Any context.
 */

/*
 * False: other forks do not get out of the way. The caller forks all the same, and does not unlock.
 */
bool lock_native(void);
void unlock_native(void);

enum turn {
	TURN_TAKEN,
	TURN_REFUSED, /* native forks make no progress, or one is this thread's own */
	TURN_SIGNAL   /* a signal came that the program would handle now */
};

/*
 * All signals are blocked; `mask` is the program's. Native forks that make no progress may wait for
 * this thread, so the turn goes back to the end of the queue. With `insist` the lean fork begins in
 * spite of them.
 */
enum turn lock_lean(uint64_t mask, bool insist);
/* The same, but nobody waits. */
bool lock_lean_at_once(void);
void unlock_lean(void);

/* Whoever waits too long may take the turn of this thread's lean fork from now on. */
void lock_expose(void);

/* Nobody may any more. False: it has been taken, so the fork is a native one. */
bool lock_keep(void);

/* Whether a native fork is in progress in this thread: within a lean one, by a signal handler. */
bool lock_is_nested(void);

/* The rest of the holder's fork is native, and its signal handlers may fork. */
void lock_become_native(void);

/* In a new child, which has none of the holders. */
void lock_reset(void);

#endif
