/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_DONTFORK_H
#define LEANFORK_PARENT_DONTFORK_H

#include "preload/leanfork/state.h"

/* Whether this kernel splits and joins mappings as parent_dontfork.c needs it. */
bool dontfork_possible(struct lean *l);

/* The first has the kernel leave the ranges out of children, the second undoes that. Ranges that
 * the program has given advice for, or that cannot be marked, drop out of the choice. */
void dontfork_set(struct lean *l);
void dontfork_clear(struct lean *l);

/* One range is not left out after all. */
void dontfork_drop(struct lean *l, size_t range);

#endif
