/* SPDX-License-Identifier: MIT */
/* A report in words: sizes, names, the reason of a verdict, its urgency. */
#include <stdio.h>

#include "preflight/text.h"

const char *ss__size_text(char *text, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;
	if (bytes == UINT64_MAX)
		return "unlimited";
	while (value >= 1024 && unit < sizeof units / sizeof units[0] - 1) {
		value /= 1024;
		unit++;
	}
	snprintf(text, SIZE_TEXT, unit > 0 && value < 100 ? "%.1f %s" : "%.0f %s", value,
		units[unit]);
	return text;
}

const char *ss__time_text(char *text, uint64_t ns)
{
	double ms = (double)ns / 1e6;
	if (ms < 1)
		snprintf(text, SIZE_TEXT, "%.2f ms", ms);
	else if (ms < 1000)
		snprintf(text, SIZE_TEXT, "%.0f ms", ms);
	else
		snprintf(text, SIZE_TEXT, "%.1f s", ms / 1000);
	return text;
}

const char *ss__verdict_text(enum ss_fork_verdict verdict)
{
	switch (verdict) {
	case SS_FORK_OK:
		return "OK";
	case SS_FORK_ENOMEM:
		return "ENOMEM";
	case SS_FORK_EAGAIN:
		return "EAGAIN";
	case SS_FORK_UNSURE:
		return "UNSURE";
	}
	return "?";
}

static const char *const cause_names[] = {
	[SS_CAUSE_NONE] = "none",
	[SS_CAUSE_NPROC] = "rlimit-nproc",
	[SS_CAUSE_THREADS_MAX] = "threads-max",
	[SS_CAUSE_MAPPING_RAM] = "mapping-over-ram-and-swap",
	[SS_CAUSE_MAPPING_AVAILABLE] = "mapping-over-available",
	[SS_CAUSE_COMMIT_LIMIT] = "commit-limit",
	[SS_CAUSE_PID_MAX] = "pid-max",
	[SS_CAUSE_PIDS_CGROUP] = "pids-cgroup",
	[SS_CAUSE_PID_NAMESPACE] = "pid-namespace",
};

const char *ss_cause_name(enum ss_cause cause)
{
	size_t i = (size_t)cause;
	return i < sizeof cause_names / sizeof cause_names[0] && cause_names[i] ? cause_names[i]
										: "unknown";
}

bool ss__lacks_mappings(const struct ss_preflight *r)
{
	if (r->verdict != SS_FORK_UNSURE || r->exact || r->mappings > 0)
		return false;
	/* Without Committed_AS, mappings are not read. */
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
		return tasks(text, size, r, "pids.max of one of its cgroups is");
	case SS_CAUSE_PID_NAMESPACE:
		return snprintf(text, size, "the first process of its children's PID namespace %s",
			r->verdict == SS_FORK_UNSURE ? "may have ended" : "has ended");
	case SS_CAUSE_MAPPING_RAM:
		return mapping(text, size, r, "RAM and swap together");
	case SS_CAUSE_MAPPING_AVAILABLE:
		return mapping(text, size, r, "the memory that could be freed");
	case SS_CAUSE_COMMIT_LIMIT:
		return commit(text, size, r);
	case SS_CAUSE_NONE:
		break;
	}
	return snprintf(text, size,
		r->overcommit == 1 ? "vm.overcommit_memory=1: nothing is refused"
				   : "no check refuses it");
}

static double share(uint64_t part, uint64_t whole)
{
	double s = (double)part / ((double)whole + 1);
	return s < 1 ? s : 1;
}

/* By verdict, then by warning, then by the share of the room in use and the time a fork takes. */
double ss__risk(const struct ss_preflight *r)
{
	static const double ranks[] = {
		[SS_FORK_OK] = 0,
		[SS_FORK_ENOMEM] = 8,
		[SS_FORK_EAGAIN] = 7,
		[SS_FORK_UNSURE] = 6,
	};
	size_t verdict = (size_t)r->verdict;
	double rank = verdict < sizeof ranks / sizeof ranks[0] ? ranks[verdict] : 0;
	double used = 0;
	if (r->overcommit != 1)
		used = share(
			r->overcommit == 2 ? r->charge_bytes : r->largest_bytes, r->headroom_bytes);
	return rank + (r->warnings ? 3 : 0) + used + share(r->estimated_ns, 1000000000);
}
