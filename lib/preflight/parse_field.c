/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "preflight/parse.h"

/* What follows the key, or NULL. */
static const char *after_key(const char *line, const char *key)
{
	while (*key && *line == *key) {
		line++;
		key++;
	}
	if (*key || !*line || !strchr(": \t", *line))
		return NULL;
	return line + (*line == ':');
}

bool ss__parse_field(const struct field *fields, size_t n, const char *line, void *into)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value;
		if (fields[i].key[0] != line[0])
			continue;
		const char *text = after_key(line, fields[i].key);
		if (!text)
			continue;
		if (!ss__scan_decimal(text, &value))
			return false;
		memcpy((char *)into + fields[i].offset, &value, sizeof value);
		return true;
	}
	return false;
}
