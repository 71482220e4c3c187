/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_JOINED_H
#define LEANFORK_JOINED_H

#include <stdbool.h>
#include <stdint.h>

/* Of this machine. Lean forks know but one size, PAGE. */
uintptr_t page_size(void);

/* Whether all of the span is one mapping, which goes on after `end`. */
bool is_one_mapping(uintptr_t start, uintptr_t end);

/* Whether the pages before and after an address are of one mapping. */
bool is_joined(uintptr_t at);

#endif
