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

static bool too_much(const struct hot *hot)
{
	uintptr_t bytes = 0;
	for (size_t i = 0; i < hot->n; i++)
		bytes += hot->spans[i].end - hot->spans[i].start;
	return bytes > PREFETCH_BYTES;
}

void prefetch_add(struct hot *hot, uintptr_t at)
{
	uintptr_t start = at & ~(PREFETCH_BLOCK - 1);
	struct span block = {start, start + PREFETCH_BLOCK};
	size_t i = 0;

	while (i < hot->n && !near(&hot->spans[i], &block))
		i++;
	if (i < hot->n)
		widen(&hot->spans[i], &block);
	else if (hot->n < PREFETCH_SPANS)
		hot->spans[hot->n++] = block;
	else
		hot->n = 0;
	if (too_much(hot))
		hot->n = 0;
}
