/* SPDX-License-Identifier: MIT */
/* JSON. safespawn-preflight(1) has the format: members are added, never changed. */
#include "cli/preflight_list.h"
#include "cli/utf8.h"

/* U+0080 to U+009F, two bytes in UTF-8, also control terminals. */
static void control(const char *s, size_t len, FILE *to)
{
	fprintf(to, "\\u%04x", (unsigned char)s[len - 1]);
}

static void string(const char *s, FILE *to)
{
	fputc('"', to);
	while (*s) {
		size_t len = utf8_length(s);
		if (len == 0)
			fputs("\\ufffd", to);
		else if (utf8_is_control(s))
			control(s, len, to);
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
	ss__reason_text(line, sizeof line, r);
	fputs(", \"reason\": ", to);
	string(line, to);
	fputs(", \"advice\": [", to);
	for (unsigned n = 0; ss__advice_text(line, sizeof line, r, n) > 0; n++) {
		fputs(n ? ", " : "", to);
		string(line, to);
	}
	fputc(']', to);
}

static void report(const struct ss_preflight *r, FILE *to)
{
	fprintf(to, ", \"verdict\": \"%s\", \"cause\": \"%s\", \"exact\": %s",
		ss__verdict_text(r->verdict), ss_cause_name(r->cause), r->exact ? "true" : "false");
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
			(unsigned long long)ss__mul_clamped(sizes[i].pages, sys->page_bytes));
	fputs(",\n  \"processes\": [", to);
	for (size_t i = 0; i < list->n; i++) {
		fputs(i ? ",\n" : "\n", to);
		process(&list->entries[i], to);
	}
	fputs("\n  ]\n}\n", to);
}
