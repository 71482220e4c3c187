/* SPDX-License-Identifier: MIT */
#include "preflight/text.h"

#include <stdio.h>

bool ss__lacks_mappings(const struct ss_preflight *r)
{
	if (r->verdict != SS_FORK_UNSURE || r->exact || r->mappings > 0)
		return false;
	/* Where Committed_AS is not shown, no look is taken. */
	return r->cause == SS_CAUSE_MAPPING_RAM || r->cause == SS_CAUSE_MAPPING_AVAILABLE ||
	       (r->cause == SS_CAUSE_COMMIT_LIMIT && r->committed_bytes > 0);
}

static int mapping(char *text, size_t size, const struct ss_preflight *r, const char *bound)
{
	char largest[SIZE_TEXT], headroom[SIZE_TEXT];
	if (r->verdict == SS_FORK_UNSURE)
		return snprintf(text, size, "a mapping may be larger than %s, %s", bound,
			ss__size_text(headroom, r->headroom_bytes));
	return snprintf(text, size, "one mapping of %s is larger than %s, %s",
		ss__size_text(largest, r->largest_bytes), bound,
		ss__size_text(headroom, r->headroom_bytes));
}

/* Without the mappings, most of the uncertainty is in the charge. */
static int estimated_commit(char *text, size_t size, const struct ss_preflight *r)
{
	char charge[SIZE_TEXT], headroom[SIZE_TEXT], error[SIZE_TEXT];
	return snprintf(text, size, "the charge may be %s, or up to %s more; the headroom is %s",
		ss__size_text(charge, r->charge_bytes), ss__size_text(error, r->uncertainty_bytes),
		ss__size_text(headroom, r->headroom_bytes));
}

static int commit(char *text, size_t size, const struct ss_preflight *r)
{
	char charge[SIZE_TEXT], headroom[SIZE_TEXT], error[SIZE_TEXT];
	if (ss__lacks_mappings(r))
		return estimated_commit(text, size, r);
	if (r->verdict == SS_FORK_UNSURE)
		return snprintf(text, size,
			"the charge of %s is too near the headroom of %s: certain to within %s",
			ss__size_text(charge, r->charge_bytes),
			ss__size_text(headroom, r->headroom_bytes),
			ss__size_text(error, r->uncertainty_bytes));
	return snprintf(text, size, "the charge of %s is more than the %s left of the commit limit",
		ss__size_text(charge, r->charge_bytes), ss__size_text(headroom, r->headroom_bytes));
}

static int tasks(char *text, size_t size, const struct ss_preflight *r, const char *whose)
{
	return snprintf(text, size, "%s %llu, and there are %llu tasks%s", whose,
		(unsigned long long)r->tasks_limit, (unsigned long long)r->tasks,
		r->verdict == SS_FORK_UNSURE ? " or more" : "");
}

int ss__reason_text(char *text, size_t size, const struct ss_preflight *r)
{
	switch (r->cause) {
	case SS_CAUSE_NPROC:
		return tasks(text, size, r, "the user's limit RLIMIT_NPROC is");
	case SS_CAUSE_THREADS_MAX:
		return tasks(text, size, r, "kernel.threads-max is");
	case SS_CAUSE_PID_MAX:
		return tasks(text, size, r, "kernel.pid_max is");
	case SS_CAUSE_PIDS_CGROUP:
		return tasks(text, size, r, "pids.max of a cgroup it is in is");
	case SS_CAUSE_MAPPING_RAM:
		return mapping(text, size, r, "RAM and swap together");
	case SS_CAUSE_MAPPING_AVAILABLE:
		return mapping(text, size, r, "what could be made free");
	case SS_CAUSE_COMMIT_LIMIT:
		return commit(text, size, r);
	case SS_CAUSE_NONE:
		break;
	}
	return snprintf(text, size,
		r->overcommit == 1 ? "vm.overcommit_memory=1: nothing is refused"
				   : "nothing stands in the way");
}
