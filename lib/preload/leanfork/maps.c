/* SPDX-License-Identifier: MIT */
/* Reads /proc/self/maps. */
#include "preload/leanfork/maps.h"

#include "preload/leanfork/proc.h"

struct taker {
	void (*take)(void *context, const struct mapping *mapping);
	void *context;
};

static bool take_line(void *context, const char *line, size_t len)
{
	struct taker *taker = context;
	struct mapping mapping;
	if (mapping_parse(&mapping, line, len))
		taker->take(taker->context, &mapping);
	return true;
}

bool maps_read(char *text, size_t size, void (*take)(void *context, const struct mapping *mapping),
	void *context)
{
	struct taker taker = {take, context};
	return proc_lines(PROC_SELF "maps", text, size, take_line, &taker);
}
