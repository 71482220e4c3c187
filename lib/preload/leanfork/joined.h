/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_JOINED_H
#define LEANFORK_JOINED_H

#include <stdbool.h>
#include <stdint.h>

/* The page size of this machine. A lean fork is made only if it is PAGE. */
uintptr_t page_size(void);

/* Whether the span is part of one mapping, which goes on after `end`. */
bool is_one_mapping(uintptr_t start, uintptr_t end);

/* Whether the pages before and after an address belong to one mapping. */
bool is_joined(uintptr_t at);

#endif
