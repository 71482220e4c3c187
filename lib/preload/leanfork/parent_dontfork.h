/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_DONTFORK_H
#define LEANFORK_PARENT_DONTFORK_H

#include "preload/leanfork/state.h"

/* Whether this kernel splits and joins mappings as parent_dontfork.c needs. */
bool dontfork_possible(struct lean *l);

/* The first leaves the ranges out of children, the second undoes this. A range drops out of the
 * choice if the program has advised it, or if it cannot be advised. */
void dontfork_set(struct lean *l);
void dontfork_clear(struct lean *l);

/* Leaves one range in after all. */
void dontfork_drop(struct lean *l, size_t range);

#endif
