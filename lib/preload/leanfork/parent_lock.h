/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_LOCK_H
#define LEANFORK_PARENT_LOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The process's forks take turns: one lean fork alone, or any number of native ones, in the order
 * in which they come. A native fork nested in another of the same thread (by a signal handler)
 * takes no turn of its own. Any context.
 */

/*
 * False: other forks never get out of the way. The caller forks all the same, and unlocks nothing.
 */
bool lock_native(void);
void unlock_native(void);

enum turn {
	TURN_TAKEN,
	TURN_REFUSED, /* native forks make no headway, or one is this very thread's */
	TURN_SIGNAL   /* a signal has come that the program would handle now */
};

/*
 * All signals are blocked; `mask` is the program's mask. Native forks that make no headway may be
 * waiting for this thread, so the turn goes back to the end of the queue. With `insist` the lean
 * fork begins in spite of them.
 */
enum turn lock_lean(uint64_t mask, bool insist);
void unlock_lean(void);

/* What is left of the holder's fork is native, and its signal handlers may fork. */
void lock_become_native(void);

/* In a new child: none of the holders is here. */
void lock_reset(void);

#endif
