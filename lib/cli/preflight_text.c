/* SPDX-License-Identifier: MIT */
/* Text for people: a table of all processes, or some lines about one. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/preflight_list.h"
#include "cli/utf8.h"

/* A process chooses its own name, so nothing in it may control a terminal. */
static void print_name(const char *name, FILE *to)
{
	while (*name) {
		size_t len = utf8_length(name);
		if (len == 0 || utf8_is_control(name))
			fputc('?', to);
		else
			fwrite(name, 1, len, to);
		name += len ? len : 1;
	}
}

static void print_largest(const struct preflight_entry *e, FILE *to)
{
	char size[SIZE_TEXT];
	for (size_t i = 0; i < e->top.n; i++) {
		const struct mapping *m = &e->top.mapping[i];
		fprintf(to, "  %-10s %9s  %llx-%llx %s ", i == 0 ? "largest" : "",
			ss__size_text(size, m->end - m->start), (unsigned long long)m->start,
			(unsigned long long)m->end, m->perms);
		print_name(m->name, to);
		fputc('\n', to);
	}
}

static void print_note(const struct preflight_entry *e, FILE *to)
{
	if (e->inexact)
		fputs("  note       not exact: its smaps cannot be read, or has no VmFlags\n", to);
}

static void print_cgroup(const struct preflight_entry *e, FILE *to)
{
	if (e->report.cause != SS_CAUSE_PIDS_CGROUP || !e->pids_cgroup[0])
		return;
	fputs("  cgroup     ", to);
	print_name(e->pids_cgroup, to);
	fputc('\n', to);
}

void preflight_write_entry(const struct preflight_entry *e, FILE *to)
{
	if (e->error) {
		fprintf(to, "%d: %s\n", (int)e->pid, preflight_error_text(e->error));
		return;
	}
	fputs("process ", to);
	print_name(e->name, to);
	fputs(", pid ", to);
	ss_preflight_print(&e->report, to);
	print_note(e, to);
	print_cgroup(e, to);
	print_largest(e, to);
}

/* Colour codes take no room on the screen, so only the word is padded. */
static void print_verdict(enum ss_fork_verdict verdict, FILE *to)
{
	static const char *const colours[] = {
		[SS_FORK_ENOMEM] = "31",
		[SS_FORK_EAGAIN] = "31",
		[SS_FORK_UNSURE] = "33",
	};
	size_t i = (size_t)verdict;
	const char *colour = i < sizeof colours / sizeof colours[0] ? colours[i] : NULL;
	if (colour && cli_has_colours(to))
		fprintf(to, "\033[%sm%-7s\033[m", colour, ss__verdict_text(verdict));
	else
		fprintf(to, "%-7s", ss__verdict_text(verdict));
}

static void print_row(const struct preflight_entry *e, FILE *to)
{
	char charge[SIZE_TEXT], largest[SIZE_TEXT], headroom[SIZE_TEXT], time[SIZE_TEXT];
	const struct ss_preflight *r = &e->report;
	fprintf(to, "%7d  ", (int)e->pid);
	print_verdict(r->verdict, to);
	fprintf(to, " %c%9s  %9s  %9s  %8s  ", r->exact ? ' ' : '~',
		ss__size_text(charge, r->charge_bytes),
		r->mappings ? ss__size_text(largest, r->largest_bytes) : "?",
		ss__size_text(headroom, r->headroom_bytes), ss__time_text(time, r->estimated_ns));
	print_name(e->name, to);
	if (r->verdict != SS_FORK_OK)
		fprintf(to, "  (%s)", ss_cause_name(r->cause));
	if (r->warnings & SS_WARN_MEMORY_CGROUP)
		fputs("  (memory cgroup nearly full)", to);
	fputc('\n', to);
}

static void print_sum(const struct preflight_list *list, FILE *to)
{
	struct preflight_counts c = preflight_count(list);
	fprintf(to, "vm.overcommit_memory=%d: %zu of %zu processes could not fork",
		list->system.overcommit, c.refused, c.read);
	if (c.unsure)
		fprintf(to, ", %zu are uncertain", c.unsure);
	if (c.inexact)
		fprintf(to, ", %zu could not be read exactly", c.inexact);
	if (c.unreadable)
		fprintf(to, ", %zu more could not be read", c.unreadable);
	if (c.ended)
		fprintf(to, ", %zu have ended", c.ended);
	fputc('\n', to);
}

void preflight_write_table(const struct preflight_list *list, FILE *to)
{
	fputs("    PID  FORK         CHARGE    LARGEST   HEADROOM      TIME  NAME\n", to);
	for (size_t i = 0; i < list->n; i++) {
		const struct preflight_entry *e = &list->entries[i];
		if (!e->error)
			print_row(e, to);
		else if (e->error != -ESRCH)
			fprintf(to, "%7d  -       %s\n", (int)e->pid,
				preflight_error_text(e->error));
	}
	print_sum(list, to);
}
