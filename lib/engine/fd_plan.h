/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_FD_PLAN_H
#define ENGINE_FD_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/plain.h"

/*
 * The moves and closes that give the child the descriptors asked for. The plan is made before the
 * clone, in O(n log n). The child follows it in this order:
 *
 *   cut      close everything from here on, unless negative
 *   lifts    duplicate, with close-on-exec, to `above` or higher: one descriptor of each cycle, such
 *            as 3 -> 4, 4 -> 3, because it would be overwritten before it is read
 *   places   put each descriptor in its place, without close-on-exec
 *   closes   close ranges, both ends included
 */
struct fd_pair {
	int from;
	int to;
};

struct fd_lift {
	int from;
	int fd; /* where it went; written by the child */
};

struct fd_place {
	int from;
	int lift; /* index of the lift that holds it, or -1 */
	int to;
};

struct fd_range {
	int first;
	int last;
};

struct fd_plan {
	int cut;
	int above;
	struct fd_lift *lifts;
	size_t n_lifts;
	struct fd_place *places;
	size_t n_places;
	struct fd_range *closes;
	size_t n_closes;
};

/* Whether a place of the plan overwrites the descriptor. The child calls this, too. */
PLAIN static inline bool fd_plan_has_target(const struct fd_plan *plan, int fd)
{
	for (size_t i = 0; i < plan->n_places; i++)
		if (plan->places[i].to == fd)
			return true;
	return false;
}

/* The descriptors asked for. No two pairs have the same `to`; nothing is negative or INT_MAX. */
struct fd_layout {
	const struct fd_pair *pairs;
	size_t n_pairs;
	const int *closes; /* further closes; the `to` of a pair stays open */
	size_t n_closes;
	bool keep; /* false: only 0 to 2 and each `to` stay open */
	int hold;  /* highest descriptor that must survive the cut for other reasons, or -1 */
};

/* Bytes of memory that ss__fd_plan_make needs. */
size_t ss__fd_plan_size(size_t n_pairs, size_t n_closes);

/* Fills in the plan. Its arrays lie in memory[ss__fd_plan_size()], aligned for int. 0, or -EINVAL:
 * two pairs have the same `to`. */
int ss__fd_plan_make(struct fd_plan *plan, const struct fd_layout *layout, void *memory);

#endif
