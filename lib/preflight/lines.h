/* SPDX-License-Identifier: MIT */
#ifndef PREFLIGHT_LINES_H
#define PREFLIGHT_LINES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Cuts a stream into lines without allocating. The caller writes up to ss__lines_room() bytes behind
 * `used` and says so with ss__lines_took(). A line that does not fit is handed out once, cut short.
 */
struct lines {
	size_t used;
	bool skip; /* up to the next newline: the rest of a line that did not fit */
	char text[4096 + 1];
};

/* `line` is NUL-terminated and has no newline. */
typedef void line_fn(void *to, const char *line);

void ss__lines_start(struct lines *lines);
char *ss__lines_room(struct lines *lines, size_t *room);
void ss__lines_took(struct lines *lines, size_t n, line_fn *fn, void *to);
void ss__lines_end(struct lines *lines, line_fn *fn, void *to);

#endif
