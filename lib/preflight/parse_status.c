/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "preflight/parse.h"

#define FIELD(key, member)                                                                         \
	{                                                                                          \
		key, offsetof(struct status, member)                                               \
	}

/* The kernel writes a newline as \n and a backslash twice; blanks at the start are the name's. */
static void name(struct status *s, const char *from)
{
	size_t n = 0;
	from += *from == '\t';
	for (; *from && n < sizeof s->name - 1; from++) {
		bool escaped = from[0] == '\\' && (from[1] == 'n' || from[1] == '\\');
		from += escaped;
		s->name[n++] = escaped && *from == 'n' ? '\n' : *from;
	}
	s->name[n] = '\0';
}

static void text(struct status *s, const char *line)
{
	if (!strncmp(line, "Name:", 5)) {
		name(s, line + 5);
	} else if (!strncmp(line, "State:", 6)) {
		s->state = line[6 + strspn(line + 6, " \t")];
	} else if (!strncmp(line, "CapEff:", 7)) {
		ss__scan_hex(line + 7, &s->cap_effective);
	}
}

void ss__parse_status(void *to, const char *line)
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
	if (!ss__parse_field(fields, sizeof fields / sizeof fields[0], line, s))
		text(s, line);
	else if (!strncmp(line, "VmSize:", 7))
		s->has_memory = true;
}
