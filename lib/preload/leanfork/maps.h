/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_MAPS_H
#define LEANFORK_MAPS_H

#include "preload/leanfork/ranges.h"

/* Calls `take` for each mapping of this process, in the order of addresses; `text` is room to read
 * in. False: they cannot be read. */
bool maps_read(char *text, size_t size, void (*take)(void *context, const struct mapping *mapping),
	void *context);

#endif
