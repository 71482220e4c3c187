/* SPDX-License-Identifier: MIT */
#include <safespawn.h>

static const char *const names[] = {
	[SS_CAUSE_NONE] = "none",
	[SS_CAUSE_NPROC] = "rlimit-nproc",
	[SS_CAUSE_THREADS_MAX] = "threads-max",
	[SS_CAUSE_MAPPING_RAM] = "mapping-over-ram-and-swap",
	[SS_CAUSE_MAPPING_AVAILABLE] = "mapping-over-available",
	[SS_CAUSE_COMMIT_LIMIT] = "commit-limit",
	[SS_CAUSE_PID_MAX] = "pid-max",
	[SS_CAUSE_PIDS_CGROUP] = "pids-cgroup",
};

const char *ss_cause_name(enum ss_cause cause)
{
	size_t i = (size_t)cause;
	return i < sizeof names / sizeof names[0] && names[i] ? names[i] : "unknown";
}
