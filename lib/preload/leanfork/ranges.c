/* SPDX-License-Identifier: MIT */
/* Which ranges of the mappings are left out. Pure functions. */
#include "preload/leanfork/ranges.h"

/* A larger piece is an address range, not memory. */
#define LARGEST (UINT64_C(1) << 40)

struct cursor {
	const char *at, *end;
};

static bool take_hex(struct cursor *c, uintptr_t *out)
{
	uintptr_t n = 0;
	const char *start = c->at;
	for (; c->at < c->end; c->at++) {
		char ch = *c->at;
		unsigned digit = ch >= '0' && ch <= '9'   ? (unsigned)(ch - '0')
				 : ch >= 'a' && ch <= 'f' ? (unsigned)(ch - 'a' + 10)
							  : 16;
		if (digit > 15)
			break;
		n = n << 4 | digit;
	}
	*out = n;
	return c->at > start;
}

static bool take_char(struct cursor *c, char expected)
{
	if (c->at == c->end || *c->at != expected)
		return false;
	c->at++;
	return true;
}

static void skip_word(struct cursor *c)
{
	while (c->at < c->end && *c->at != ' ')
		c->at++;
	while (c->at < c->end && *c->at == ' ')
		c->at++;
}

static bool starts_with(const struct cursor *c, const char *word)
{
	const char *p = c->at;
	for (; *word; word++, p++)
		if (p == c->end || *p != *word)
			return false;
	return true;
}

static enum mapping_kind kind_of(const char *perms, bool file, const struct cursor *name)
{
	if (perms[3] == 's')
		return perms[1] == 'w' ? MAPPING_SHARED : MAPPING_READONLY;
	bool plain = !file && perms[2] == '-' &&
		     (name->at == name->end || starts_with(name, "[heap]") ||
			     starts_with(name, "[anon:"));
	if (!plain || (perms[0] == 'r') != (perms[1] == 'w'))
		return MAPPING_OTHER;
	return perms[0] == 'r' ? MAPPING_ANONYMOUS : MAPPING_RESERVED;
}

static enum mapping_text text_of(const char *perms, bool file, const struct cursor *name)
{
	if (perms[2] != 'x' || starts_with(name, "[vsyscall]"))
		return TEXT_NONE;
	if (perms[0] != 'r')
		return TEXT_UNREADABLE;
	if (perms[1] == '-' && file)
		return TEXT_STAYS;
	return starts_with(name, "[vdso]") ? TEXT_KERNEL : TEXT_CHANGES;
}

/* FNV-1a. */
static uint64_t hash(const char *at, const char *end)
{
	uint64_t n = UINT64_C(0xcbf29ce484222325);
	for (; at < end; at++)
		n = (n ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	return n;
}

bool mapping_parse(struct mapping *out, const char *line, size_t len)
{
	struct cursor c = {line, line + len};
	struct mapping m;
	uintptr_t offset, inode;

	if (!take_hex(&c, &m.at.start) || !take_char(&c, '-') || !take_hex(&c, &m.at.end) ||
		!take_char(&c, ' ') || c.end - c.at < 5 || m.at.end <= m.at.start)
		return false;
	const char *perms = c.at;
	skip_word(&c);
	if (!take_hex(&c, &offset) || !take_char(&c, ' '))
		return false;
	skip_word(&c); /* device */
	if (!take_hex(&c, &inode))
		return false;
	m.begins_file = inode != 0 && offset == 0;
	m.identity = hash(perms, c.at);
	skip_word(&c);
	m.kind = kind_of(perms, inode != 0, &c);
	m.text = text_of(perms, inode != 0, &c);
	*out = m;
	return true;
}

static uintptr_t down(uintptr_t at)
{
	return at & ~(PAGE - 1);
}

static uintptr_t up(uintptr_t at)
{
	return down(at + PAGE - 1);
}

/* Restores a heap of n elements that is wrong at element i only. */
static void sink(struct span *spans, size_t i, size_t n)
{
	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && spans[child].start < spans[child + 1].start)
			child++;
		if (spans[child].start <= spans[i].start)
			return;
		struct span other = spans[i];
		spans[i] = spans[child];
		spans[child] = other;
	}
}

static void sort(struct span *spans, size_t n)
{
	for (size_t i = n / 2; i > 0; i--)
		sink(spans, i - 1, n);
	for (size_t left = n; left > 1; left--) {
		struct span last = spans[left - 1];
		spans[left - 1] = spans[0];
		spans[0] = last;
		sink(spans, 0, left - 1);
	}
}

static size_t take_whole_pages(struct span *spans, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (spans[i].start < spans[i].end)
			spans[kept++] = (struct span){down(spans[i].start), up(spans[i].end)};
	return kept;
}

size_t spans_tidy(struct span *spans, size_t n)
{
	size_t kept = 0;
	n = take_whole_pages(spans, n);
	sort(spans, n);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || spans[i].start > spans[kept - 1].end)
			spans[kept++] = spans[i];
		else if (spans[i].end > spans[kept - 1].end)
			spans[kept - 1].end = spans[i].end;
	}
	return kept;
}

static bool has_room(struct choice *choice)
{
	return choice->n_ranges < choice->max_ranges || (choice->more && choice->more(choice));
}

static void append(struct choice *choice, struct span piece, uintptr_t mapping_end)
{
	uint64_t bytes = piece.end - piece.start;
	if (bytes < choice->least || bytes < LEAST_PIECE || bytes > LARGEST || !has_room(choice))
		return;
	struct range *range = &choice->ranges[choice->n_ranges++];
	range->at = (struct span){piece.start + STAYS_BEFORE, piece.end - STAYS_AFTER};
	range->first_chunk = choice->chunks;
	range->mapping_end = mapping_end;
	range->complete = false;
	choice->chunks += range_chunk(range, range->at.end - 1) - choice->chunks + 1;
	choice->bytes += range->at.end - range->at.start;
}

/* Index of the first span that ends after an address. */
static size_t first_after(const struct span *spans, size_t n, uintptr_t at)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (spans[middle].end > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Adds what is left of a span without what is to be kept. */
static void add_pieces(struct choice *choice, struct span at)
{
	size_t i = first_after(choice->keep, choice->n_keep, at.start);
	for (; i < choice->n_keep && choice->keep[i].start < at.end; i++) {
		if (choice->keep[i].start > at.start)
			append(choice, (struct span){at.start, choice->keep[i].start}, at.end);
		at.start = choice->keep[i].end;
	}
	if (at.start < at.end)
		append(choice, at, at.end);
}

void choice_add(struct choice *choice, const struct mapping *mapping)
{
	switch (mapping->kind) {
	case MAPPING_ANONYMOUS:
		if (mapping->at.end - mapping->at.start >= choice->least)
			add_pieces(choice, mapping->at);
		break;
	case MAPPING_SHARED:
		if (choice->n_shared == choice->max_shared)
			choice->too_many_shared = true;
		else
			choice->shared[choice->n_shared++] = mapping->at;
		break;
	case MAPPING_READONLY:
		if (choice->n_readonly < choice->max_readonly)
			choice->readonly[choice->n_readonly++] = mapping->at;
		else if (choice->n_readonly)
			choice->readonly[choice->n_readonly - 1].end = mapping->at.end;
		break;
	case MAPPING_RESERVED:
	case MAPPING_OTHER:
		break;
	}
}

size_t range_first(const struct range *ranges, size_t n, uintptr_t at)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ranges[middle].at.end > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

size_t range_chunk(const struct range *range, uintptr_t at)
{
	return range->first_chunk + (at / CHUNK - range->at.start / CHUNK);
}

struct span range_chunk_span(const struct range *range, uintptr_t at)
{
	struct span span = {at & ~(CHUNK - 1), (at & ~(CHUNK - 1)) + CHUNK};
	if (span.start < range->at.start)
		span.start = range->at.start;
	if (span.end > range->at.end)
		span.end = range->at.end;
	return span;
}
