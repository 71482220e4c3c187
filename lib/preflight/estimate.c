/* SPDX-License-Identifier: MIT */
#include "preflight/model.h"

/*
 * Nanoseconds, measured on a 2020s x86 server: a fork that copies nothing, each mapping, each page
 * table entry, and the share of a 2 MiB page's entry that falls on one of its 4 KiB.
 */
#define EMPTY_NS 60000
#define MAPPING_NS 400
#define PAGE_NS 45
#define HUGE_PART_NS 2

uint64_t ss__estimate_ns(const struct snapshot *s)
{
	uint64_t huge = s->charge.huge, pages = s->task.anonymous;
	if (huge > pages)
		huge = pages;
	uint64_t ns = EMPTY_NS;
	ns = ss__add_clamped(ns, ss__mul_clamped(s->charge.mappings, MAPPING_NS));
	ns = ss__add_clamped(ns, ss__mul_clamped(pages - huge, PAGE_NS));
	return ss__add_clamped(ns, ss__mul_clamped(huge, HUGE_PART_NS));
}
