/* SPDX-License-Identifier: MIT */
#ifndef PREFLIGHT_MODEL_H
#define PREFLIGHT_MODEL_H

#include <safespawn.h>

#include "preflight/parse.h"
#include "preflight/snapshot.h"

/* The kernel's decision, as pure functions of a snapshot. The checks are in copy_process's order,
 * because the first that refuses decides between EAGAIN and ENOMEM. */
enum outcome {
	PASSES,
	REFUSED,
	NEAR,  /* too close to tell */
	CLOSER /* a closer look at the mappings would tell */
};

struct answer {
	enum ss_fork_verdict verdict;
	enum ss_cause cause;
	bool closer; /* UNSURE only because a closer look is needed */
};

struct answer ss__judge(const struct snapshot *s);

/* The single checks. */
enum outcome ss__judge_nproc(const struct snapshot *s);
enum outcome ss__judge_threads_max(const struct snapshot *s);
enum outcome ss__judge_pid_max(const struct snapshot *s);
enum outcome ss__judge_pids_cgroup(const struct snapshot *s);
enum outcome ss__judge_memory(const struct snapshot *s, enum ss_cause *cause);

/* The bound for the sum (mode 2) or for the largest mapping (mode 0); NO_LIMIT in mode 1. */
uint64_t ss__headroom_pages(const struct snapshot *s);
/* How far off the kernel's own counters may be. */
uint64_t ss__counter_error_pages(const struct snapshot *s);
bool ss__is_before_5_2(const struct system_facts *sys);
bool ss__is_exempt_from_nproc(const struct task_facts *t);
bool ss__is_near_pid_max(uint64_t tasks, uint64_t max);

/* What a fork needs in its memory cgroups for page tables and stacks. */
uint64_t ss__memory_cgroup_need_bytes(const struct snapshot *s);
bool ss__lacks_memory_cgroup_room(const struct snapshot *s);

uint64_t ss__estimate_ns(const struct snapshot *s);

/* The charge, from each source in /proc. */
struct charge_facts ss__charge_from_status(const struct status *st, uint64_t page_bytes);
struct charge_facts ss__charge_from_mappings(const struct mappings *m, uint64_t page_bytes);

void ss__fill_report(struct ss_preflight *report, const struct snapshot *s);

/* The size in the first release: no caller has a smaller report. */
#define REPORT_FIRST_SIZE (offsetof(struct ss_preflight, tasks_limit) + sizeof(uint64_t))

#endif
