/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "preflight/parse.h"

void ss__parse_limits(void *to, const char *line)
{
	static const char name[] = "Max processes";
	struct limits *l = to;
	if (!strncmp(line, name, sizeof name - 1) &&
		ss__scan_limit(line + sizeof name - 1, &l->processes))
		l->has_processes = true;
}
