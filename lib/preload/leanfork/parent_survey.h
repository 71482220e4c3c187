/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_SURVEY_H
#define LEANFORK_PARENT_SURVEY_H

#include "preload/leanfork/state.h"

/* A piece of memory that is resident or swapped, as PAGEMAP_SCAN writes it. */
struct region {
	uint64_t start, end;
	uint64_t what; /* REGION_GONE: no longer mapped */
};
#define REGION_GONE (UINT64_C(1) << 63)
#define REGIONS_MAX 128

/*
 * Child: where the parent's memory in a span is resident or swapped. Makes nothing resident. Writes
 * up to REGIONS_MAX regions, and what is left of the span to *at. Returns how many; -1: the parent
 * is gone.
 */
int survey_ask(struct lean *l, struct span *at, struct region *regions);

/* Parent: the answer. */
void survey_answer(struct lean *l);

#endif
