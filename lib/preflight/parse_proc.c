/* SPDX-License-Identifier: MIT */
/* Files of /proc that are lists of keys and numbers. */
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

#define FIELD(type, key, member)                                                                   \
	{                                                                                          \
		key, offsetof(struct type, member)                                                 \
	}

void ss__parse_meminfo(void *to, const char *line)
{
	static const struct field fields[] = {
		FIELD(meminfo, "MemTotal", total),
		FIELD(meminfo, "MemFree", free),
		FIELD(meminfo, "MemAvailable", available),
		FIELD(meminfo, "Buffers", buffers),
		FIELD(meminfo, "Cached", cached),
		FIELD(meminfo, "SwapCached", swap_cached),
		FIELD(meminfo, "SwapTotal", swap_total),
		FIELD(meminfo, "SwapFree", swap_free),
		FIELD(meminfo, "Shmem", shmem),
		FIELD(meminfo, "KReclaimable", reclaimable),
		FIELD(meminfo, "SReclaimable", slab_reclaimable),
		FIELD(meminfo, "CommitLimit", commit_limit),
		FIELD(meminfo, "Committed_AS", committed),
		FIELD(meminfo, "Hugetlb", hugetlb),
		FIELD(meminfo, "HugePages_Total", huge_pages),
		FIELD(meminfo, "Hugepagesize", huge_page_size),
	};
	ss__parse_field(fields, sizeof fields / sizeof fields[0], line, to);
}

void ss__parse_vmstat(void *to, const char *line)
{
	static const struct field fields[] = {
		FIELD(vmstat, "nr_free_pages", free),
		FIELD(vmstat, "nr_file_pages", file),
		FIELD(vmstat, "nr_shmem", shmem),
		FIELD(vmstat, "nr_slab_reclaimable", slab_reclaimable),
		FIELD(vmstat, "nr_kernel_misc_reclaimable", misc_reclaimable),
	};
	ss__parse_field(fields, sizeof fields / sizeof fields[0], line, to);
}

/* A zone's reserve: its largest protection against other zones' allocations plus its high
 * watermark; at most the whole zone. */
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
	/* The per-CPU lists below have a "high:" of their own; the colon distinguishes them. */
	static const struct field fields[] = {
		FIELD(zoneinfo, "high", high), FIELD(zoneinfo, "managed", managed)};
	struct zoneinfo *z = to;
	line += strspn(line, " ");
	if (!strncmp(line, "Node ", 5) && strstr(line, "zone"))
		ss__parse_zoneinfo_end(z);
	else if (!strncmp(line, "protection:", 11))
		z->protection = largest_of(line + 11);
	else if (strncmp(line, "high:", 5) != 0)
		ss__parse_field(fields, 2, line, z);
}

/* The kernel writes a newline as \n and a backslash twice. Blanks at the start are part of the
 * name. */
static void name(struct status *s, const char *from)
{
	size_t n = 0;
	from += *from == '\t';
	for (; *from && n < sizeof s->name - 1; from++) {
		bool escaped = from[0] == '\\' && (from[1] == 'n' || from[1] == '\\');
		from += escaped;
		s->name[n] = *from;
		if (escaped && *from == 'n')
			s->name[n] = '\n';
		n++;
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
		FIELD(status, "Tgid", pid),
		FIELD(status, "PPid", parent),
		FIELD(status, "Uid", uid),
		FIELD(status, "Threads", threads),
		FIELD(status, "Kthread", kernel_thread),
		FIELD(status, "VmSize", size),
		FIELD(status, "VmRSS", resident),
		FIELD(status, "RssAnon", resident_anon),
		FIELD(status, "VmData", data),
		FIELD(status, "VmStk", stack),
		FIELD(status, "VmPTE", page_tables),
		FIELD(status, "VmSwap", swap),
	};
	struct status *s = to;
	if (!ss__parse_field(fields, sizeof fields / sizeof fields[0], line, s))
		text(s, line);
	else if (!strncmp(line, "VmSize:", 7))
		s->has_memory = true;
}

void ss__parse_limits(void *to, const char *line)
{
	static const char name[] = "Max processes";
	struct limits *l = to;
	if (!strncmp(line, name, sizeof name - 1) &&
		ss__scan_limit(line + sizeof name - 1, &l->processes))
		l->has_processes = true;
}
