/* SPDX-License-Identifier: MIT */
/* ss_preflight_print: a report for a person. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "preflight/model.h"
#include "preflight/text.h"

static const char *headline(const struct ss_preflight *r)
{
	switch (r->verdict) {
	case SS_FORK_OK:
		return "fork would pass";
	case SS_FORK_ENOMEM:
		return "fork would fail: ENOMEM, cannot allocate memory";
	case SS_FORK_EAGAIN:
		return "fork would fail: EAGAIN, too many tasks";
	case SS_FORK_UNSURE:
		if (ss__lacks_mappings(r))
			return "fork may fail: its maps cannot be read";
		if (r->cause == SS_CAUSE_NPROC)
			return "fork may fail: not all of the numbers can be read";
		return "fork may fail: too close to tell";
	}
	return "?";
}

static void print_charge(const struct ss_preflight *r, FILE *to)
{
	char charge[SIZE_TEXT], largest[SIZE_TEXT];
	fprintf(to, "  charge     %s%s", r->exact ? "" : "about ",
		ss__size_text(charge, r->charge_bytes));
	if (r->mappings)
		fprintf(to, ", %llu of %llu mappings, the largest %s",
			(unsigned long long)r->charged_mappings, (unsigned long long)r->mappings,
			ss__size_text(largest, r->largest_bytes));
	fputc('\n', to);
}

static void print_headroom(const struct ss_preflight *r, FILE *to)
{
	char headroom[SIZE_TEXT], committed[SIZE_TEXT], limit[SIZE_TEXT], error[SIZE_TEXT];
	ss__size_text(headroom, r->headroom_bytes);
	if (r->overcommit == 1)
		fputs("  headroom   unlimited (vm.overcommit_memory=1)\n", to);
	else if (r->overcommit == 2)
		fprintf(to, "  headroom   %s for all of it: %s of %s are committed (+-%s)\n",
			headroom, ss__size_text(committed, r->committed_bytes),
			ss__size_text(limit, r->limit_bytes),
			ss__size_text(error, r->uncertainty_bytes));
	else
		fprintf(to, "  headroom   %s for any one mapping\n", headroom);
}

static void print_cost(const struct ss_preflight *r, FILE *to)
{
	char time[SIZE_TEXT], resident[SIZE_TEXT], tables[SIZE_TEXT];
	fprintf(to, "  cost       about %s; mmap in its other threads waits as long\n",
		ss__time_text(time, r->estimated_ns));
	fprintf(to, "  resident   %s, page tables %s\n", ss__size_text(resident, r->resident_bytes),
		ss__size_text(tables, r->page_table_bytes));
}

static void print(const struct ss_preflight *r, FILE *to)
{
	char line[256];
	fprintf(to, "%d: %s\n", (int)r->pid, headline(r));
	ss__reason_text(line, sizeof line, r);
	fprintf(to, "  because    %s\n", line);
	print_charge(r, to);
	print_headroom(r, to);
	print_cost(r, to);
	for (unsigned n = 0; ss__advice_text(line, sizeof line, r, n) > 0; n++)
		fprintf(to, "  advice     %s\n", line);
}

/* The caller's struct may be of another release: shorter than ours, or longer. */
int ss_preflight_print(const struct ss_preflight *report, FILE *to)
{
	struct ss_preflight own = {0};
	int saved_errno = errno;
	if (!report || report->size < REPORT_FIRST_SIZE) {
		errno = EINVAL;
		return -1;
	}
	memcpy(&own, report, report->size < sizeof own ? report->size : sizeof own);
	print(&own, to);
	if (ferror(to))
		return -1;
	errno = saved_errno;
	return 0;
}
