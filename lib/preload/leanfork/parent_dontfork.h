/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_DONTFORK_H
#define LEANFORK_PARENT_DONTFORK_H

#include "preload/leanfork/state.h"

/* Whether this kernel shows what parent_dontfork.c has to see of it. */
bool dontfork_possible(struct lean *l);

/* Whether the pages before and after an address are of one mapping. */
bool dontfork_joined(uintptr_t at);

/* Has the kernel leave the ranges out of children, and again put them into them. Ranges that the
 * program has already told it how to treat, or that can't be marked, drop out of the choice. */
void dontfork_set(struct lean *l);
void dontfork_clear(struct lean *l);

/* One range is not left out after all. */
void dontfork_drop(struct lean *l, size_t range);

#endif
