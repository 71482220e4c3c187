/* SPDX-License-Identifier: MIT */
/* Remembers what the last children asked for, so that it is not left out again. */
#include "preload/leanfork/prefetch.h"

static bool near(const struct span *a, const struct span *b)
{
	return a->start <= b->end + PREFETCH_GAP && b->start <= a->end + PREFETCH_GAP;
}

static void widen(struct span *to, const struct span *by)
{
	if (by->start < to->start)
		to->start = by->start;
	if (by->end > to->end)
		to->end = by->end;
}

static bool too_much(const struct working_set *set)
{
	uintptr_t bytes = 0;
	for (size_t i = 0; i < set->n; i++)
		bytes += set->spans[i].end - set->spans[i].start;
	return bytes > PREFETCH_BYTES;
}

void prefetch_add(struct working_set *set, uintptr_t at)
{
	uintptr_t start = at & ~(PREFETCH_BLOCK - 1);
	struct span block = {start, start + PREFETCH_BLOCK};
	size_t i = 0;

	while (i < set->n && !near(&set->spans[i], &block))
		i++;
	if (i < set->n)
		widen(&set->spans[i], &block);
	else if (set->n < PREFETCH_SPANS)
		set->spans[set->n++] = block;
	else
		set->n = 0;
	if (too_much(set))
		set->n = 0;
}
