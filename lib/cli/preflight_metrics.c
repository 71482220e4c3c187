/* SPDX-License-Identifier: MIT */
/* The Prometheus text format. safespawn-preflight(1) has the names and labels. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "cli/preflight_list.h"
#include "cli/utf8.h"

static void head(const char *name, const char *help, FILE *to)
{
	fprintf(to, "# HELP safespawn_%s %s\n# TYPE safespawn_%s gauge\n", name, help, name);
}

static void gauge(const char *name, const char *help, uint64_t value, FILE *to)
{
	head(name, help, to);
	fprintf(to, "safespawn_%s %" PRIu64 "\n", name, value);
}

/*
 * The format has three escapes. Other control characters, and bytes that are not UTF-8, become "?".
 */
static void label(const char *s, FILE *to)
{
	for (size_t len; *s; s += len ? len : 1) {
		len = utf8_length(s);
		if (*s == '"' || *s == '\\')
			fprintf(to, "\\%c", *s);
		else if (*s == '\n')
			fputs("\\n", to);
		else if (len == 0 || utf8_is_control(s))
			fputc('?', to);
		else
			fwrite(s, 1, len, to);
	}
}

static void write_counts(const struct preflight_list *list, FILE *to)
{
	struct preflight_counts c = preflight_count(list);
	const struct {
		const char *name;
		size_t n;
	} rows[] = {
		{"ok", c.read - c.refused - c.unsure},
		{"refused", c.refused},
		{"unsure", c.unsure},
		{"unreadable", c.unreadable},
	};
	head("processes", "Processes by the verdict on a fork of theirs.", to);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		fprintf(to, "safespawn_processes{fork=\"%s\"} %zu\n", rows[i].name, rows[i].n);
}

static void write_system(const struct system_facts *sys, FILE *to)
{
	gauge("overcommit_memory", "The setting vm.overcommit_memory.", (uint64_t)sys->overcommit,
		to);
	if (!sys->commit_known)
		return;
	gauge("committed_bytes", "Memory that the kernel has promised.",
		ss__mul_clamped(sys->committed, sys->page_bytes), to);
	gauge("commit_limit_bytes", "What it promises at most with vm.overcommit_memory=2.",
		ss__mul_clamped(sys->commit_limit, sys->page_bytes), to);
}

static void write_identity(const struct preflight_entry *e, FILE *to)
{
	fprintf(to, "{pid=\"%d\",name=\"", (int)e->pid);
	label(e->name, to);
	fputc('"', to);
}

static void write_verdicts(const struct preflight_list *list, FILE *to)
{
	head("fork", "1: the verdict on a fork of this process, and what decides it.", to);
	for (size_t i = 0; i < list->n; i++) {
		const struct preflight_entry *e = &list->entries[i];
		if (e->error)
			continue;
		fputs("safespawn_fork", to);
		write_identity(e, to);
		fprintf(to, ",verdict=\"%s\",cause=\"%s\"} 1\n",
			ss__verdict_text(e->report.verdict), ss_cause_name(e->report.cause));
	}
}

/* Sizes in a report, in bytes. */
static const struct {
	const char *name, *help;
	size_t offset; /* of a uint64_t in the report, where UINT64_MAX is no limit */
} sizes[] = {
	{"fork_charge_bytes", "What the kernel charges for a fork.",
		offsetof(struct ss_preflight, charge_bytes)},
	{"fork_largest_bytes", "The largest charged mapping.",
		offsetof(struct ss_preflight, largest_bytes)},
	{"fork_headroom_bytes", "The limit for the charge, or for the largest mapping.",
		offsetof(struct ss_preflight, headroom_bytes)},
	{"resident_bytes", "Memory in use by the process.",
		offsetof(struct ss_preflight, resident_bytes)},
};

static void write_size(const struct preflight_entry *e, const char *name, size_t offset, FILE *to)
{
	uint64_t value;
	memcpy(&value, (const char *)&e->report + offset, sizeof value);
	fprintf(to, "safespawn_%s", name);
	write_identity(e, to);
	if (value == UINT64_MAX)
		fputs("} +Inf\n", to);
	else
		fprintf(to, "} %" PRIu64 "\n", value);
}

void preflight_write_metrics(const struct preflight_list *list, FILE *to)
{
	write_system(&list->system, to);
	write_counts(list, to);
	write_verdicts(list, to);
	for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
		head(sizes[k].name, sizes[k].help, to);
		for (size_t i = 0; i < list->n; i++)
			if (!list->entries[i].error)
				write_size(&list->entries[i], sizes[k].name, sizes[k].offset, to);
	}
}
