/* SPDX-License-Identifier: MIT */
/* Plans the moves and closes of descriptors. */
#include "engine/fd_plan.h"

#include <errno.h>
#include <stdlib.h>

/*
 * A place is ready when no other place still reads its target. A place n -> n overwrites nothing.
 * In a cycle (3 -> 4, 4 -> 3) no place ever gets ready, so one of its places reads from a temporary
 * duplicate: a lift.
 */

/* A plan in the making. */
struct draft {
	struct fd_plan *plan;
	const struct fd_pair *sorted; /* by target */
	size_t n;
	int *readers; /* of each target: places that still read it */
};

size_t ss__fd_plan_size(size_t n_pairs, size_t n_closes)
{
	return n_pairs * (sizeof(struct fd_pair) + sizeof(struct fd_lift) +
				 sizeof(struct fd_place) + sizeof(int)) +
	       (n_pairs + 1 + n_closes) * sizeof(struct fd_range);
}

static int by_target(const void *a, const void *b)
{
	const struct fd_pair *x = a, *y = b;
	return (x->to > y->to) - (x->to < y->to);
}

static const struct fd_pair *find_target(const struct fd_pair *sorted, size_t n, int fd)
{
	const struct fd_pair key = {.to = fd};
	return n ? bsearch(&key, sorted, n, sizeof key, by_target) : NULL;
}

static int sort_pairs(struct fd_pair *sorted, const struct fd_layout *layout)
{
	for (size_t i = 0; i < layout->n_pairs; i++)
		sorted[i] = layout->pairs[i];
	if (layout->n_pairs)
		qsort(sorted, layout->n_pairs, sizeof sorted[0], by_target);
	for (size_t i = 1; i < layout->n_pairs; i++)
		if (sorted[i].to == sorted[i - 1].to)
			return -EINVAL;
	return 0;
}

/* Index of the pair that overwrites the descriptor, or -1. */
static int overwriter(const struct draft *d, int fd)
{
	const struct fd_pair *over = find_target(d->sorted, d->n, fd);
	return over && over->from != over->to ? (int)(over - d->sorted) : -1;
}

static void count_readers(struct draft *d)
{
	for (size_t i = 0; i < d->n; i++)
		d->readers[i] = 0;
	for (size_t i = 0; i < d->n; i++) {
		int over = overwriter(d, d->sorted[i].from);
		if (over >= 0)
			d->readers[over]++;
	}
}

static void add_place(struct draft *d, int i, int lift)
{
	d->plan->places[d->plan->n_places++] = (struct fd_place){
		.from = d->sorted[i].from,
		.lift = lift,
		.to = d->sorted[i].to,
	};
}

/* The list of places is also the queue of sources that may be free to be overwritten now. */
static void place_ready(struct draft *d)
{
	const struct fd_plan *plan = d->plan;
	for (size_t i = 0; i < d->n; i++)
		if (d->readers[i] == 0)
			add_place(d, (int)i, -1);
	for (size_t next = 0; next < plan->n_places; next++) {
		int over = overwriter(d, plan->places[next].from);
		if (over >= 0 && --d->readers[over] == 0)
			add_place(d, over, -1);
	}
}

/* The first target is overwritten first. The last place reads its old descriptor from the lift. */
static void place_cycle(struct draft *d, int first)
{
	int lift = (int)d->plan->n_lifts++;
	d->plan->lifts[lift] = (struct fd_lift){.from = d->sorted[first].to, .fd = -1};
	for (int i = first; d->readers[i] > 0;) {
		int next = overwriter(d, d->sorted[i].from);
		d->readers[i] = 0;
		add_place(d, i, next == first ? lift : -1);
		i = next;
	}
}

static void plan_places(struct draft *d)
{
	count_readers(d);
	place_ready(d);
	for (size_t i = 0; i < d->n; i++)
		if (d->readers[i] > 0)
			place_cycle(d, (int)i);
}

static void add_close(struct fd_plan *plan, int first, int last)
{
	if (first <= last)
		plan->closes[plan->n_closes++] = (struct fd_range){first, last};
}

/* Closes the gaps between targets. Above the cut only targets and lifts are open; exec closes
 * lifts. */
static void plan_gaps(struct fd_plan *plan, const struct fd_pair *sorted, size_t n)
{
	int next = 3;
	for (size_t i = 0; i < n; i++) {
		if (sorted[i].to < next)
			continue;
		add_close(plan, next, sorted[i].to - 1);
		next = sorted[i].to + 1;
	}
	add_close(plan, next, plan->cut - 1);
}

static void plan_cut(struct fd_plan *plan, const struct fd_layout *layout)
{
	int highest = layout->hold > 2 ? layout->hold : 2;
	for (size_t i = 0; i < layout->n_pairs; i++)
		if (layout->pairs[i].from > highest)
			highest = layout->pairs[i].from;
	plan->cut = layout->keep ? -1 : highest + 1;
}

/* Everything else is closed anyway, so only 0 to 2 need a close of their own. */
static void plan_closes(
	struct fd_plan *plan, const struct fd_layout *layout, const struct fd_pair *sorted)
{
	for (size_t i = 0; i < layout->n_closes; i++) {
		int fd = layout->closes[i];
		if ((layout->keep || fd < 3) && !find_target(sorted, layout->n_pairs, fd))
			add_close(plan, fd, fd);
	}
}

int ss__fd_plan_make(struct fd_plan *plan, const struct fd_layout *layout, void *memory)
{
	size_t n = layout->n_pairs;
	struct fd_pair *sorted = memory;
	int error = sort_pairs(sorted, layout);
	if (error)
		return error;

	*plan = (struct fd_plan){.above = n && sorted[n - 1].to > 2 ? sorted[n - 1].to + 1 : 3};
	plan->lifts = (struct fd_lift *)(sorted + n);
	plan->places = (struct fd_place *)(plan->lifts + n);
	plan->closes = (struct fd_range *)(plan->places + n);
	struct draft draft = {plan, sorted, n, (int *)(plan->closes + n + 1 + layout->n_closes)};
	plan_cut(plan, layout);
	plan_places(&draft);
	plan_closes(plan, layout, sorted);
	if (!layout->keep)
		plan_gaps(plan, sorted, n);
	return 0;
}
