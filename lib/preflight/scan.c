/* SPDX-License-Identifier: MIT */
/* Scans numbers and lines of text from the kernel: pure, no allocation. */
#include <string.h>

#include "preflight/scan.h"

uint64_t ss__add_clamped(uint64_t a, uint64_t b)
{
	uint64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

uint64_t ss__sub_clamped(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t ss__mul_clamped(uint64_t a, uint64_t b)
{
	uint64_t product;
	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static const char *blanks(const char *s)
{
	return s + strspn(s, " \t");
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static const char *scan(const char *s, uint64_t *value, int base)
{
	const char *start = s = blanks(s);
	uint64_t v = 0;
	for (; digit(*s) < base; s++)
		v = ss__add_clamped(ss__mul_clamped(v, (uint64_t)base), (uint64_t)digit(*s));
	if (s == start)
		return NULL;
	*value = v;
	return s;
}

const char *ss__scan_decimal(const char *s, uint64_t *value)
{
	return scan(s, value, 10);
}

const char *ss__scan_hex(const char *s, uint64_t *value)
{
	return scan(s, value, 16);
}

int ss__scan_limit(const char *s, uint64_t *value)
{
	s = blanks(s);
	if (!strncmp(s, "max", 3) || !strncmp(s, "unlimited", 9) || !strncmp(s, "-1", 2)) {
		*value = NO_LIMIT;
		return 1;
	}
	return ss__scan_decimal(s, value) != NULL;
}

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
