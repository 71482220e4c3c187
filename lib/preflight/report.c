/* SPDX-License-Identifier: MIT */
/* Fills in the public report from a snapshot, with an estimate of the time a fork takes. */
#include <string.h>

#include "preflight/model.h"

/* Nanoseconds, measured on a 2020s x86 server: an empty fork, each mapping, each page table entry,
 * and the share of a 4 KiB page in the entry of a 2 MiB page. */
#define EMPTY_NS 60000
#define MAPPING_NS 400
#define PAGE_NS 45
#define HUGE_PART_NS 2

uint64_t ss__estimate_ns(const struct snapshot *s)
{
	uint64_t huge = s->charge.huge, pages = s->task.anonymous;
	if (huge > pages)
		huge = pages;
	uint64_t ns = EMPTY_NS;
	ns = ss__add_clamped(ns, ss__mul_clamped(s->charge.mappings, MAPPING_NS));
	ns = ss__add_clamped(ns, ss__mul_clamped(pages - huge, PAGE_NS));
	return ss__add_clamped(ns, ss__mul_clamped(huge, HUGE_PART_NS));
}

/* By how much the true value may be larger. */
static uint64_t spread(const struct range *r)
{
	return ss__sub_clamped(r->high, r->likely);
}

/* The uncertainty of what the mode compares: the sum (mode 2), or the largest mapping. */
static uint64_t uncertainty_pages(const struct snapshot *s)
{
	const struct charge_facts *c = &s->charge;
	uint64_t own = spread(s->system.overcommit == 2 ? &c->sum : &c->largest);
	return ss__add_clamped(ss__counter_error_pages(s), own);
}

static void fill_limits(struct ss_preflight *r, const struct snapshot *s)
{
	switch (r->cause) {
	case SS_CAUSE_NPROC:
		r->tasks = s->task.user_tasks_low;
		r->tasks_limit = s->task.nproc_limit;
		break;
	case SS_CAUSE_THREADS_MAX:
		r->tasks = s->system.tasks;
		r->tasks_limit = s->system.threads_max;
		break;
	case SS_CAUSE_PID_MAX:
		r->tasks = s->system.numbered_tasks;
		r->tasks_limit = s->system.pid_max;
		break;
	case SS_CAUSE_PIDS_CGROUP:
		r->tasks = s->task.pids;
		r->tasks_limit = s->task.pids_max;
		break;
	default:
		break;
	}
}

static void fill_sizes(struct ss_preflight *r, const struct snapshot *s)
{
	uint64_t page = s->system.page_bytes;
	const struct charge_facts *c = &s->charge;
	r->charge_bytes = ss__mul_clamped(c->sum.likely, page);
	r->largest_bytes = ss__mul_clamped(c->largest.likely, page);
	r->headroom_bytes = ss__mul_clamped(ss__headroom_pages(s), page);
	r->uncertainty_bytes = ss__mul_clamped(uncertainty_pages(s), page);
	r->committed_bytes = ss__mul_clamped(s->system.committed, page);
	r->limit_bytes = ss__mul_clamped(s->system.commit_limit, page);
	r->resident_bytes = ss__mul_clamped(s->task.resident, page);
	r->page_table_bytes = s->task.page_table_bytes;
	r->cgroup_headroom_bytes = s->task.memory_room_bytes;
	r->cgroup_need_bytes = ss__memory_cgroup_need_bytes(s);
}

void ss__fill_report(struct ss_preflight *r, const struct snapshot *s)
{
	struct answer answer = ss__judge(s);
	memset(r, 0, sizeof *r);
	r->size = sizeof *r;
	r->pid = s->task.pid;
	r->overcommit = s->system.overcommit;
	r->verdict = answer.verdict;
	r->cause = answer.cause;
	r->exact = s->charge.look == LOOK_SMAPS;
	if (ss__lacks_memory_cgroup_room(s))
		r->warnings |= SS_WARN_MEMORY_CGROUP;
	fill_sizes(r, s);
	fill_limits(r, s);
	r->mappings = s->charge.mappings;
	r->charged_mappings = s->charge.charged_mappings;
	r->estimated_ns = ss__estimate_ns(s);
}
