/* SPDX-License-Identifier: MIT */
/* Whether the kernel would refuse a fork: check by check, as pure functions of a snapshot. */
#include "preflight/model.h"

#include "base/commit.h"

/* The kernel starts here again when pids wrap around. */
#define RESERVED_PIDS 300

bool ss__is_exempt_from_nproc(const struct task_facts *t)
{
	/* Capabilities count only in the first user namespace. */
	return t->first_namespace && (t->uid == 0 || t->cap_admin || t->cap_resource);
}

enum outcome ss__judge_nproc(const struct snapshot *s)
{
	const struct task_facts *t = &s->task;
	if (ss__is_exempt_from_nproc(t) || t->nproc_limit == NO_LIMIT ||
		t->user_tasks_high < t->nproc_limit)
		return PASSES;
	/* Between the bounds: see users.h. */
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

/* Process groups and sessions whose leader is gone hold pids, too, and some tasks have pids below
 * RESERVED_PIDS. So nothing is certain between the two bounds. */
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

static enum outcome judge_pid_namespace(const struct snapshot *s)
{
	switch (s->task.pid_namespace) {
	case PID_NAMESPACE_CLOSED:
		return REFUSED;
	case PID_NAMESPACE_UNKNOWN:
		return NEAR;
	default:
		return PASSES;
	}
}

enum { ALWAYS = 1, NEVER = 2 };

bool ss__is_before_5_2(const struct system_facts *sys)
{
	return sys->version < VERSION(5, 2);
}

static bool is_privileged(const struct task_facts *t)
{
	return t->first_namespace && t->cap_admin;
}

static uint64_t admin_reserve(const struct snapshot *s)
{
	return is_privileged(&s->task) ? 0 : s->system.admin_reserve;
}

/* Up to 5.1: what would be free without the page cache. */
static uint64_t guessed_available(const struct snapshot *s)
{
	const struct system_facts *sys = &s->system;
	uint64_t available = ss__add_clamped(sys->free, ss__sub_clamped(sys->file, sys->shmem));
	available = ss__add_clamped(available, ss__add_clamped(sys->swap_free, sys->reclaimable));
	available = ss__sub_clamped(available, sys->reserve);
	return ss__sub_clamped(available, admin_reserve(s));
}

static uint64_t allowed(const struct snapshot *s)
{
	struct commit commit = {
		.limit = s->system.commit_limit,
		.admin_reserve = s->system.admin_reserve,
		.user_reserve = s->system.user_reserve,
		.total = s->task.total,
		.privileged = is_privileged(&s->task),
	};
	return ss__commit_allowed(&commit);
}

uint64_t ss__headroom_pages(const struct snapshot *s)
{
	if (s->system.overcommit == ALWAYS)
		return NO_LIMIT;
	if (s->system.overcommit == NEVER)
		return ss__sub_clamped(allowed(s), s->system.committed);
	if (ss__is_before_5_2(&s->system))
		return guessed_available(s);
	return ss__add_clamped(s->system.ram, s->system.swap);
}

/* Each CPU may hold back up to a batch of the committed pages. */
static uint64_t commit_error(const struct system_facts *sys)
{
	uint64_t cpus = sys->cpus ? sys->cpus : 8;
	uint64_t batch = sys->ram / cpus / 256;
	uint64_t least = cpus * 2 > 32 ? cpus * 2 : 32;
	return cpus * (batch > least ? batch : least);
}

/* Free memory changes while it is read, and its counters are per CPU, too. */
static uint64_t guess_error(const struct snapshot *s)
{
	uint64_t cpus = s->system.cpus ? s->system.cpus : 1;
	return ss__headroom_pages(s) / 64 + cpus * 32;
}

uint64_t ss__counter_error_pages(const struct snapshot *s)
{
	if (s->system.overcommit == ALWAYS)
		return 0;
	if (s->system.overcommit == NEVER)
		return commit_error(&s->system);
	return ss__is_before_5_2(&s->system) ? guess_error(s) : 0;
}

static enum outcome closer(const struct snapshot *s)
{
	return s->charge.final ? NEAR : CLOSER;
}

static enum outcome judge_commit(const struct snapshot *s)
{
	const struct range *sum = &s->charge.sum;
	uint64_t limit = allowed(s), committed = s->system.committed;
	uint64_t error = ss__counter_error_pages(s);
	if (!s->system.commit_known)
		return NEAR;
	/* A process without a charged page is not refused, because only mappings are checked. */
	if (sum->high == 0 || ss__add_clamped(ss__add_clamped(committed, sum->high), error) < limit)
		return PASSES;
	if (ss__add_clamped(committed, sum->low) >= ss__add_clamped(limit, error) && sum->low > 0)
		return REFUSED;
	return sum->low == sum->high ? NEAR : closer(s);
}

static enum outcome judge_guess(const struct snapshot *s)
{
	const struct range *largest = &s->charge.largest;
	uint64_t bound = ss__headroom_pages(s), error = ss__counter_error_pages(s);
	/* The older rule refuses a mapping that is exactly as large as the bound. */
	uint64_t first_refused = ss__is_before_5_2(&s->system) ? bound : ss__add_clamped(bound, 1);
	if (largest->high == 0 || ss__add_clamped(largest->high, error) < first_refused)
		return PASSES;
	if (largest->low >= ss__add_clamped(first_refused, error))
		return REFUSED;
	return largest->low == largest->high ? NEAR : closer(s);
}

enum outcome ss__judge_memory(const struct snapshot *s, enum ss_cause *cause)
{
	if (s->system.overcommit == ALWAYS)
		return PASSES;
	if (s->system.overcommit == NEVER) {
		*cause = SS_CAUSE_COMMIT_LIMIT;
		return judge_commit(s);
	}
	*cause = ss__is_before_5_2(&s->system) ? SS_CAUSE_MAPPING_AVAILABLE : SS_CAUSE_MAPPING_RAM;
	return judge_guess(s);
}

/* Besides page tables: 64 KiB of stack and structures, and 256 KiB that each CPU holds back. */
uint64_t ss__memory_cgroup_need_bytes(const struct snapshot *s)
{
	uint64_t cpus = s->system.cpus ? s->system.cpus : 1;
	uint64_t fixed = (64 << 10) + ss__mul_clamped(cpus, 256 << 10);
	return ss__add_clamped(s->task.page_table_bytes, fixed);
}

bool ss__lacks_memory_cgroup_room(const struct snapshot *s)
{
	return s->task.memory_room_bytes < ss__memory_cgroup_need_bytes(s);
}

struct answer ss__judge(const struct snapshot *s)
{
	enum ss_cause cause = SS_CAUSE_NONE;
	enum outcome memory = ss__judge_memory(s, &cause);
	const struct {
		enum outcome outcome;
		enum ss_cause cause;
		enum ss_fork_verdict refusal;
	} checks[] = {
		{ss__judge_nproc(s), SS_CAUSE_NPROC, SS_FORK_EAGAIN},
		{ss__judge_threads_max(s), SS_CAUSE_THREADS_MAX, SS_FORK_EAGAIN},
		{memory, cause, SS_FORK_ENOMEM},
		{judge_pid_namespace(s), SS_CAUSE_PID_NAMESPACE, SS_FORK_ENOMEM},
		{ss__judge_pid_max(s), SS_CAUSE_PID_MAX, SS_FORK_EAGAIN},
		{ss__judge_pids_cgroup(s), SS_CAUSE_PIDS_CGROUP, SS_FORK_EAGAIN},
	};
	struct answer answer = {SS_FORK_OK, SS_CAUSE_NONE, memory == CLOSER};
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		if (checks[i].outcome == PASSES)
			continue;
		/* A certain refusal outweighs an earlier doubt. */
		if (checks[i].outcome == REFUSED)
			return (struct answer){checks[i].refusal, checks[i].cause, false};
		if (answer.verdict == SS_FORK_OK)
			answer.cause = checks[i].cause;
		answer.verdict = SS_FORK_UNSURE;
	}
	return answer;
}
