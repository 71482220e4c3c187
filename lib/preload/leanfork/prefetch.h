/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PREFETCH_H
#define LEANFORK_PREFETCH_H

#include "preload/leanfork/ranges.h"

/*
 * Where lean children have asked for memory before. A piece that is asked for costs as much as a
 * native copy of half a mebibyte. An interpreter's child wants a hundred pieces of the same few
 * mebibytes each time, so these are not left out again.
 */
#define PREFETCH_BLOCK ((uintptr_t)256 << 10)
#define PREFETCH_GAP ((uintptr_t)1 << 20) /* what lies between two blocks is too little to matter */
#define PREFETCH_SPANS 32
#define PREFETCH_BYTES ((uintptr_t)16 << 20) /* the kernel copies so much in about 0.5 ms */

struct working_set {
	struct span spans[PREFETCH_SPANS]; /* in no order; they may overlap */
	size_t n;
};

/* Pure. Adds the block of an address. If that is too much, forgets everything: children ask again
 * for what they still use. */
void prefetch_add(struct working_set *set, uintptr_t at);

#endif
