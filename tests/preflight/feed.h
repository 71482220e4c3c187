/* SPDX-License-Identifier: MIT */
#ifndef TEST_PREFLIGHT_FEED_H
#define TEST_PREFLIGHT_FEED_H

#include <string.h>

#include "preflight/scan.h"

/* Text through the line cutter into a parser, `chunk` bytes at a time. */
static inline void feed_chunks(const char *text, size_t len, size_t chunk, line_fn *fn, void *to)
{
	struct lines lines;
	ss__lines_start(&lines);
	while (len > 0) {
		size_t room;
		char *into = ss__lines_room(&lines, &room);
		size_t n = len < chunk ? len : chunk;
		n = n < room ? n : room;
		memcpy(into, text, n);
		ss__lines_took(&lines, n, fn, to);
		text += n;
		len -= n;
	}
	ss__lines_end(&lines, fn, to);
}

static inline void feed(const char *text, line_fn *fn, void *to)
{
	feed_chunks(text, strlen(text), 4096, fn, to);
}

#endif
