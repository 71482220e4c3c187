/* SPDX-License-Identifier: MIT */
#include "engine/fd_plan.h"

#include <errno.h>
#include <stdlib.h>

/*
 * A descriptor has to be lifted when it is the target of a pair that brings something else there.
 * A pair n -> n never overwrites, so its descriptor stays in place for other pairs to read.
 */

size_t fd_plan_size(size_t n_pairs, size_t n_closes)
{
	return n_pairs * (sizeof(struct fd_pair) + sizeof(struct fd_lift) + sizeof(struct fd_place)) +
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

static int sort_pairs(struct fd_pair *sorted, const struct fd_request *request)
{
	for (size_t i = 0; i < request->n_pairs; i++)
		sorted[i] = request->pairs[i];
	if (request->n_pairs)
		qsort(sorted, request->n_pairs, sizeof sorted[0], by_target);
	for (size_t i = 1; i < request->n_pairs; i++)
		if (sorted[i].to == sorted[i - 1].to)
			return -EINVAL;
	return 0;
}

static int lift_of(struct fd_plan *plan, int fd)
{
	for (size_t i = 0; i < plan->n_lifts; i++)
		if (plan->lifts[i].from == fd)
			return (int)i;
	plan->lifts[plan->n_lifts] = (struct fd_lift){.from = fd, .fd = -1};
	return (int)plan->n_lifts++;
}

static void plan_places(struct fd_plan *plan, const struct fd_pair *sorted, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct fd_pair *over = find_target(sorted, n, sorted[i].from);
		bool lost = over && over->from != over->to;
		plan->places[plan->n_places++] = (struct fd_place){
			.from = sorted[i].from,
			.lift = lost ? lift_of(plan, sorted[i].from) : -1,
			.to = sorted[i].to,
		};
	}
}

static void add_close(struct fd_plan *plan, int first, int last)
{
	if (first <= last)
		plan->closes[plan->n_closes++] = (struct fd_range){first, last};
}

/* The gaps between what stays. Above the cut there are only targets, and lifts, which exec closes. */
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

static void plan_cut(struct fd_plan *plan, const struct fd_request *request)
{
	int highest = request->hold > 2 ? request->hold : 2;
	for (size_t i = 0; i < request->n_pairs; i++)
		if (request->pairs[i].from > highest)
			highest = request->pairs[i].from;
	plan->cut = request->keep ? -1 : highest + 1;
}

/* With everything else going anyway, only 0 to 2 still need a close of their own. */
static void plan_closes(
	struct fd_plan *plan, const struct fd_request *request, const struct fd_pair *sorted)
{
	for (size_t i = 0; i < request->n_closes; i++) {
		int fd = request->closes[i];
		if ((request->keep || fd < 3) && !find_target(sorted, request->n_pairs, fd))
			add_close(plan, fd, fd);
	}
}

int fd_plan_make(struct fd_plan *plan, const struct fd_request *request, void *memory)
{
	size_t n = request->n_pairs;
	struct fd_pair *sorted = memory;
	int error = sort_pairs(sorted, request);
	if (error)
		return error;

	*plan = (struct fd_plan){.above = n && sorted[n - 1].to > 2 ? sorted[n - 1].to + 1 : 3};
	plan->lifts = (struct fd_lift *)(sorted + n);
	plan->places = (struct fd_place *)(plan->lifts + n);
	plan->closes = (struct fd_range *)(plan->places + n);
	plan_cut(plan, request);
	plan_places(plan, sorted, n);
	plan_closes(plan, request, sorted);
	if (!request->keep)
		plan_gaps(plan, sorted, n);
	return 0;
}
