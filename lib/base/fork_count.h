/* SPDX-License-Identifier: MIT */
#ifndef BASE_FORK_COUNT_H
#define BASE_FORK_COUNT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/fork_lock.h"

/*
 * Counts those who hold a setting of the process changed. The last one restores it. A child that is
 * forked meanwhile has none of them, so it restores the setting itself. Hazards:
 *
 *  1. Fork may come at any instant, even in a signal handler in the middle of a change. So the saved
 *     value is valid before a holder counts, and restored before the holder no longer counts.
 *  2. The kernel copies the setting first and the memory after it, page by page. If the last holder
 *     leaves in between, the child finds no holder and the setting changed. So it checks whether
 *     anybody has left since fork was called. The counts and the saved value lie on one page.
 */
struct fork_count {
	struct fork_lock lock;
	atomic_uint holders;
	atomic_uint left; /* so far */
	bool watched;
};

/* The lock is held until ss__fork_lock_leave. From the first call on, fork calls both functions. */
void ss__fork_count_lock(struct fork_count *count, void (*before_fork)(void),
	void (*in_child)(void), sigset_t *mask);

/* One holder less. */
void ss__fork_count_release(struct fork_count *count, void (*restore)(void));

/* For in_child. left: as it was before the fork; own: holders that are this thread's. */
void ss__fork_count_in_child(
	struct fork_count *count, unsigned left, unsigned own, void (*restore)(void));

#endif
