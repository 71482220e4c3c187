/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "preflight/parse.h"

#define FIELD(key, member)                                                                         \
	{                                                                                          \
		key, offsetof(struct zoneinfo, member)                                             \
	}

/*
 * What a zone keeps back: its largest protection against other zones' allocations and its high
 * watermark, but no more than it has.
 */
void ss__parse_zoneinfo_end(struct zoneinfo *z)
{
	uint64_t kept = ss__add_clamped(z->protection, z->high);
	z->reserve = ss__add_clamped(z->reserve, kept < z->managed ? kept : z->managed);
	z->high = z->managed = z->protection = 0;
}

/* "(0, 1907, 23894)" */
static uint64_t largest_of(const char *list)
{
	uint64_t value, largest = 0;
	for (const char *s = list; *s;) {
		const char *after = ss__scan_decimal(s, &value);
		if (after && value > largest)
			largest = value;
		s = after ? after : s + 1;
	}
	return largest;
}

void ss__parse_zoneinfo(void *to, const char *line)
{
	/* The per-CPU lists below have a "high:" of their own, which the colon tells apart. */
	static const struct field fields[] = {FIELD("high", high), FIELD("managed", managed)};
	struct zoneinfo *z = to;
	line += strspn(line, " ");
	if (!strncmp(line, "Node ", 5) && strstr(line, "zone"))
		ss__parse_zoneinfo_end(z);
	else if (!strncmp(line, "protection:", 11))
		z->protection = largest_of(line + 11);
	else if (strncmp(line, "high:", 5) != 0)
		ss__parse_field(fields, 2, line, z);
}
