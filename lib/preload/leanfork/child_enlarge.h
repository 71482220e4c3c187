/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CHILD_ENLARGE_H
#define LEANFORK_CHILD_ENLARGE_H

#include "preload/leanfork/parent_plan.h"

/* Memory is made one mapping again, from low addresses to high. */
struct enlarging {
	struct lean *l;
	struct span pins[PINS];
	size_t n_pins;
	uintptr_t aside; /* addresses to move to */
	bool base;       /* the mapping that ends here can be enlarged */
	bool small;      /* huge pages are disabled meanwhile */
};

/* `l` and `small` are set by the caller. False: no memory. */
bool enlarge_begin(struct enlarging *w);
void enlarge_end(const struct enlarging *w);

/* Brings in a span that was left out. False: no memory, and nothing has changed. */
bool enlarge_over_absent(struct enlarging *w, struct span at);

/* Makes memory that is there part of the mapping below it, as far as possible. */
void enlarge_over_present(struct enlarging *w, struct span at);

/* How many bytes of a span the parent has. */
uint64_t enlarge_resident(struct lean *l, struct span at);

#endif
