/* SPDX-License-Identifier: MIT */
#ifndef PREFLIGHT_SCAN_H
#define PREFLIGHT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NO_LIMIT UINT64_MAX

/*
 * Unsigned numbers as the kernel prints them, after any blanks. They return what follows the
 * number, or NULL: there is none. A number that is too large becomes UINT64_MAX. No locale, no
 * errno.
 */
const char *ss__scan_decimal(const char *s, uint64_t *value);
const char *ss__scan_hex(const char *s, uint64_t *value);

/* "max", "unlimited" and -1 are NO_LIMIT. 0: neither these nor a number. */
int ss__scan_limit(const char *s, uint64_t *value);

/* Sums and products stop at UINT64_MAX, differences at 0. */
uint64_t ss__add_clamped(uint64_t a, uint64_t b);
uint64_t ss__sub_clamped(uint64_t a, uint64_t b);
uint64_t ss__mul_clamped(uint64_t a, uint64_t b);

/*
 * Cuts a stream into lines without allocation. The caller writes up to ss__lines_room() bytes
 * behind `used`, then calls ss__lines_took(). A line that does not fit is handed out once, cut
 * short.
 */
struct lines {
	size_t used;
	bool skip; /* until the next newline: the rest of a line that did not fit */
	char text[4096 + 1];
};

/* `line` is NUL-terminated and has no newline. */
typedef void line_fn(void *to, const char *line);

void ss__lines_start(struct lines *lines);
char *ss__lines_room(struct lines *lines, size_t *room);
void ss__lines_took(struct lines *lines, size_t n, line_fn *fn, void *to);
void ss__lines_end(struct lines *lines, line_fn *fn, void *to);

#endif
