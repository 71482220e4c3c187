/* SPDX-License-Identifier: MIT */
#include "preflight/model.h"

/* The kernel hands out no pid below this once it has come round to the end. */
#define RESERVED_PIDS 300

bool ss__is_exempt_from_nproc(const struct task_facts *t)
{
	/* Capabilities count when they are held in the first user namespace only. */
	return t->first_namespace && (t->uid == 0 || t->cap_admin || t->cap_resource);
}

enum outcome ss__judge_nproc(const struct snapshot *s)
{
	const struct task_facts *t = &s->task;
	if (ss__is_exempt_from_nproc(t) || t->nproc_limit == NO_LIMIT ||
		t->user_tasks_high < t->nproc_limit)
		return PASSES;
	/* Between the bounds, see users.h. */
	if (t->user_tasks_low < t->nproc_limit)
		return NEAR;
	return t->first_namespace || s->system.version < VERSION(5, 14) ? REFUSED : NEAR;
}

enum outcome ss__judge_threads_max(const struct snapshot *s)
{
	return s->system.tasks >= s->system.threads_max ? REFUSED : PASSES;
}

bool ss__is_near_pid_max(uint64_t tasks, uint64_t max)
{
	return max != NO_LIMIT &&
	       ss__add_clamped(tasks, tasks / 16) >= ss__sub_clamped(max, RESERVED_PIDS);
}

/*
 * Pids are also held by process groups and sessions whose leader is gone, and some tasks live below
 * RESERVED_PIDS: between the two bounds nothing is certain.
 */
enum outcome ss__judge_pid_max(const struct snapshot *s)
{
	uint64_t tasks = s->system.numbered_tasks, max = s->system.pid_max;
	if (max == NO_LIMIT)
		return PASSES;
	if (tasks >= ss__sub_clamped(max, 1))
		return REFUSED;
	return ss__is_near_pid_max(tasks, max) ? NEAR : PASSES;
}

enum outcome ss__judge_pids_cgroup(const struct snapshot *s)
{
	return s->task.pids_room < 1 ? REFUSED : PASSES;
}
