/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_FD_PLAN_H
#define ENGINE_FD_PLAN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What has to be done, and in what order, so that the child ends up with the descriptors asked for.
 * Made before the clone, in O(n log n); the child follows it in this order:
 *
 *   cut      close all from here on (unless negative): nothing up there is needed any more
 *   lifts    duplicate what would be overwritten before it is read to `above` or higher,
 *            close-on-exec: as few as there are rings, as in 3 -> 4, 4 -> 3
 *   places   put each descriptor where it belongs, without close-on-exec
 *   closes   close ranges, both ends included
 */
struct fd_pair {
	int from;
	int to;
};

struct fd_lift {
	int from;
	int fd; /* the child's note of where it went */
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

/* What is asked for. No two pairs have the same `to`, nothing is negative or INT_MAX. */
struct fd_layout {
	const struct fd_pair *pairs;
	size_t n_pairs;
	const int *closes; /* further closes; the `to` of a pair stays open */
	size_t n_closes;
	bool keep; /* else only 0 to 2 and each `to` stay open */
	int hold;  /* highest descriptor that must outlive the cut for other reasons, or -1 */
};

/* Bytes that ss__fd_plan_make needs to work in for so many pairs and closes. */
size_t ss__fd_plan_size(size_t n_pairs, size_t n_closes);

/*
 * Fills in the plan, whose arrays lie in memory[ss__fd_plan_size()], aligned for int. 0, or -EINVAL
 * when two pairs have the same `to`.
 */
int ss__fd_plan_make(struct fd_plan *plan, const struct fd_layout *layout, void *memory);

#endif
