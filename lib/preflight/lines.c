/* SPDX-License-Identifier: MIT */
#include "preflight/lines.h"

#include <string.h>

void ss__lines_start(struct lines *lines)
{
	lines->used = 0;
	lines->skip = false;
}

char *ss__lines_room(struct lines *lines, size_t *room)
{
	*room = sizeof lines->text - 1 - lines->used;
	return lines->text + lines->used;
}

static void hand_out(struct lines *lines, char *line, char *end, line_fn *fn, void *to)
{
	*end = '\0';
	if (!lines->skip)
		fn(to, line);
	lines->skip = false;
}

void ss__lines_took(struct lines *lines, size_t n, line_fn *fn, void *to)
{
	char *line = lines->text, *newline;
	lines->used += n;
	char *end = lines->text + lines->used;
	while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		hand_out(lines, line, newline, fn, to);
		line = newline + 1;
	}
	lines->used = (size_t)(end - line);
	memmove(lines->text, line, lines->used);
	if (lines->used == sizeof lines->text - 1) {
		hand_out(lines, lines->text, lines->text + lines->used, fn, to);
		ss__lines_start(lines);
		lines->skip = true;
	}
}

void ss__lines_end(struct lines *lines, line_fn *fn, void *to)
{
	if (lines->used > 0)
		hand_out(lines, lines->text, lines->text + lines->used, fn, to);
	ss__lines_start(lines);
}
