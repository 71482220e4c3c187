/* SPDX-License-Identifier: MIT */
/* maps and smaps: the sums, the largest mappings and those that fork charges. */
#include <string.h>

#include "preflight/parse.h"

static uint64_t bytes(const struct mapping *m)
{
	return m->end - m->start;
}

static bool is_charged(const struct mapping *m)
{
	return m->has_flags ? m->accounted && !m->dont_copy : m->is_private && m->writable;
}

static void keep_if_large(struct top_mappings *top, const struct mapping *m)
{
	size_t i = top->n;
	while (i > 0 && bytes(&top->mapping[i - 1]) < bytes(m))
		i--;
	if (i == TOP_MAPPINGS)
		return;
	if (top->n < TOP_MAPPINGS)
		top->n++;
	memmove(&top->mapping[i + 1], &top->mapping[i], (top->n - i - 1) * sizeof top->mapping[0]);
	top->mapping[i] = *m;
}

static void add(uint64_t *n, uint64_t *sum, uint64_t *largest, uint64_t size)
{
	*n += 1;
	*sum = ss__add_clamped(*sum, size);
	if (size > *largest)
		*largest = size;
}

static void finish(struct mappings *m)
{
	const struct mapping *now = &m->now;
	uint64_t size = bytes(now), ignored = 0;
	if (size == 0)
		return;
	m->n++;
	m->n_flagged += now->has_flags;
	m->huge = ss__add_clamped(m->huge, now->huge);
	if (now->is_private)
		add(&ignored, &m->private_bytes, &m->largest_private, size);
	if (now->is_private && now->writable)
		add(&m->n_writable, &m->writable, &m->largest_writable, size);
	if (now->has_flags && is_charged(now))
		add(&m->n_charged, &m->charged, &m->largest_charged, size);
	if (m->top && is_charged(now))
		keep_if_large(m->top, now);
}

void ss__parse_maps_end(struct mappings *m)
{
	finish(m);
	memset(&m->now, 0, sizeof m->now);
}

/* "55d0-55f0 rw-p 00000000 fe:00 1234   /name" */
static bool header(struct mapping *m, const char *line)
{
	struct mapping new = {0};
	const char *s = ss__scan_hex(line, &new.start);
	if (!s || line[0] == ' ' || *s != '-')
		return false;
	s = ss__scan_hex(s + 1, &new.end);
	if (!s || *s != ' ' || new.end <= new.start || strcspn(s + 1, " ") != 4)
		return false;
	memcpy(new.perms, s + 1, 4);
	new.writable = new.perms[1] == 'w';
	new.is_private = new.perms[3] == 'p';
	s += 5;
	for (int i = 0; i < 3; i++) {
		s += strspn(s, " ");
		s += strcspn(s, " ");
	}
	s += strspn(s, " ");
	strncpy(new.name, s, sizeof new.name - 1);
	*m = new;
	return true;
}

static void flags(struct mapping *m, const char *s)
{
	m->has_flags = true;
	while (*s) {
		s += strspn(s, " ");
		size_t len = strcspn(s, " ");
		if (len == 2 && s[0] == 'a' && s[1] == 'c')
			m->accounted = true;
		if (len == 2 && s[0] == 'd' && s[1] == 'c')
			m->dont_copy = true;
		s += len;
	}
}

void ss__parse_maps(void *to, const char *line)
{
	struct mappings *m = to;
	struct mapping next;
	uint64_t kb;
	if (header(&next, line)) {
		ss__parse_maps_end(m);
		m->now = next;
	} else if (m->with_flags && !strncmp(line, "VmFlags:", 8)) {
		flags(&m->now, line + 8);
	} else if (m->with_flags && !strncmp(line, "AnonHugePages:", 14)) {
		if (ss__scan_decimal(line + 14, &kb))
			m->now.huge = ss__mul_clamped(kb, 1024);
	}
}
