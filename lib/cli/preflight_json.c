/* SPDX-License-Identifier: MIT */
/* The format is described in safespawn-preflight(1): members are added, never changed. */
#include <string.h>

#include "cli/preflight_list.h"

/* Length of the UTF-8 sequence at s, 0 when it is not one. */
static size_t sequence(const unsigned char *s)
{
	static const struct {
		unsigned char mask, lead, least, most;
		size_t len;
	} kinds[] = {
		{0x80, 0x00, 0, 0, 1},
		{0xe0, 0xc0, 0x80, 0xbf, 2},
		{0xf0, 0xe0, 0x80, 0xbf, 3},
		{0xf8, 0xf0, 0x80, 0xbf, 4},
	};
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
		if ((s[0] & kinds[k].mask) != kinds[k].lead)
			continue;
		for (size_t i = 1; i < kinds[k].len; i++)
			if (s[i] < 0x80 || s[i] > 0xbf)
				return 0;
		/* Overlong forms, surrogates, and what lies beyond Unicode. */
		if (s[0] == 0xc0 || s[0] == 0xc1 || (s[0] == 0xe0 && s[1] < 0xa0) ||
			(s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
			(s[0] == 0xf4 && s[1] > 0x8f) || s[0] > 0xf4)
			return 0;
		return kinds[k].len;
	}
	return 0;
}

static void string(const char *text, FILE *to)
{
	const unsigned char *s = (const unsigned char *)text;
	fputc('"', to);
	while (*s) {
		size_t len = sequence(s);
		if (len == 0)
			fputs("\\ufffd", to);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(to, "\\u%04x", *s);
		else if (*s == '"' || *s == '\\')
			fprintf(to, "\\%c", *s);
		else
			fwrite(s, 1, len, to);
		s += len ? len : 1;
	}
	fputc('"', to);
}

static void member(const char *name, uint64_t value, FILE *to)
{
	if (value == UINT64_MAX)
		fprintf(to, ", \"%s\": null", name);
	else
		fprintf(to, ", \"%s\": %llu", name, (unsigned long long)value);
}

static void largest(const struct preflight_entry *e, FILE *to)
{
	fputs(", \"largest\": [", to);
	for (size_t i = 0; i < e->top.n; i++) {
		const struct mapping *m = &e->top.mapping[i];
		fprintf(to, "%s{\"start\": \"%llx\", \"end\": \"%llx\"", i ? ", " : "",
			(unsigned long long)m->start, (unsigned long long)m->end);
		member("bytes", m->end - m->start, to);
		fputs(", \"perms\": ", to);
		string(m->perms, to);
		fputs(", \"name\": ", to);
		string(m->name, to);
		fputc('}', to);
	}
	fputc(']', to);
}

static void texts(const struct ss_preflight *r, FILE *to)
{
	char line[256];
	reason_text(line, sizeof line, r);
	fputs(", \"reason\": ", to);
	string(line, to);
	fputs(", \"advice\": [", to);
	for (unsigned n = 0; advice_text(line, sizeof line, r, n) > 0; n++) {
		fputs(n ? ", " : "", to);
		string(line, to);
	}
	fputc(']', to);
}

static void report(const struct ss_preflight *r, FILE *to)
{
	fprintf(to, ", \"verdict\": \"%s\", \"cause\": \"%s\", \"exact\": %s",
		verdict_text(r->verdict), ss_cause_name(r->cause), r->exact ? "true" : "false");
	fprintf(to, ", \"warnings\": [%s]",
		r->warnings & SS_WARN_MEMORY_CGROUP ? "\"memory-cgroup\"" : "");
	member("charge_bytes", r->charge_bytes, to);
	member("largest_bytes", r->largest_bytes, to);
	member("headroom_bytes", r->headroom_bytes, to);
	member("uncertainty_bytes", r->uncertainty_bytes, to);
	member("resident_bytes", r->resident_bytes, to);
	member("page_table_bytes", r->page_table_bytes, to);
	member("mappings", r->mappings, to);
	member("charged_mappings", r->charged_mappings, to);
	member("estimated_ns", r->estimated_ns, to);
	member("cgroup_headroom_bytes", r->cgroup_headroom_bytes, to);
	member("cgroup_need_bytes", r->cgroup_need_bytes, to);
	member("tasks", r->tasks, to);
	member("tasks_limit", r->tasks_limit, to);
}

static void process(const struct preflight_entry *e, FILE *to)
{
	fprintf(to, "    {\"pid\": %d", (int)e->pid);
	if (e->error) {
		fprintf(to, ", \"error\": \"%s\", \"message\": ", preflight_error_name(e->error));
		string(preflight_error_text(e->error), to);
	} else {
		fputs(", \"name\": ", to);
		string(e->name, to);
		report(&e->report, to);
		texts(&e->report, to);
		largest(e, to);
	}
	fputc('}', to);
}

void preflight_write_json(const struct preflight_list *list, FILE *to)
{
	const struct system_facts *sys = &list->system;
	fprintf(to, "{\n  \"safespawn_preflight\": 1");
	fprintf(to, ",\n  \"kernel\": \"%u.%u\"", sys->version >> 16, sys->version & 0xffff);
	fprintf(to, ",\n  \"overcommit_memory\": %d", sys->overcommit);
	const struct {
		const char *name;
		uint64_t pages;
	} sizes[] = {
		{"ram_bytes", sys->ram},
		{"swap_bytes", sys->swap},
		{"committed_bytes", sys->committed},
		{"limit_bytes", sys->commit_limit},
	};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		fprintf(to, ",\n  \"%s\": %llu", sizes[i].name,
			(unsigned long long)mul_clamped(sizes[i].pages, sys->page_bytes));
	fputs(",\n  \"processes\": [", to);
	for (size_t i = 0; i < list->n; i++) {
		fputs(i ? ",\n" : "\n", to);
		process(&list->entries[i], to);
	}
	fputs("\n  ]\n}\n", to);
}
