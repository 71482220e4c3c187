/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "preflight/parse.h"

#define FIELD(key, member)                                                                         \
	{                                                                                          \
		key, offsetof(struct status, member)                                               \
	}

static void text(struct status *s, const char *line)
{
	if (!strncmp(line, "Name:", 5)) {
		line += 5 + strspn(line + 5, " \t");
		strncpy(s->name, line, sizeof s->name - 1);
	} else if (!strncmp(line, "State:", 6)) {
		s->state = line[6 + strspn(line + 6, " \t")];
	} else if (!strncmp(line, "CapEff:", 7)) {
		scan_hex(line + 7, &s->cap_effective);
	}
}

void parse_status(void *to, const char *line)
{
	static const struct field fields[] = {
		FIELD("Tgid", pid),
		FIELD("PPid", parent),
		FIELD("Uid", uid),
		FIELD("Threads", threads),
		FIELD("Kthread", kernel_thread),
		FIELD("VmSize", size),
		FIELD("VmRSS", resident),
		FIELD("RssAnon", resident_anon),
		FIELD("VmData", data),
		FIELD("VmStk", stack),
		FIELD("VmPTE", page_tables),
		FIELD("VmSwap", swap),
	};
	struct status *s = to;
	if (!parse_field(fields, sizeof fields / sizeof fields[0], line, s))
		text(s, line);
	else if (!strncmp(line, "VmSize:", 7))
		s->has_memory = true;
}
