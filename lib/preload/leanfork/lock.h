/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_LOCK_H
#define LEANFORK_LOCK_H

#include <stdbool.h>

/*
 * One lean fork at a time, and no native one meanwhile. Native forks may be nested (in a signal
 * handler that interrupts one) and never wait for a lean one that only wants to begin. Any context.
 */
void lock_native(void);
void unlock_native(void);

/* False: other forks are in the way, for too long or of this very thread. Native ones may be waiting
 * for this thread: the patient put up with that for longer. */
bool lock_lean(bool patient);
void unlock_lean(void);

/* What is left of the holder's fork is native, and its signal handlers may fork. */
void lock_become_native(void);

/* In a new child: none of the holders is here. */
void lock_reset(void);

#endif
