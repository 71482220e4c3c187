/* SPDX-License-Identifier: MIT */
#include "preflight/model.h"

/* Page tables come on top of 64 KiB of stack and structures and 256 KiB kept back by each CPU. */
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
		{ss__judge_pid_max(s), SS_CAUSE_PID_MAX, SS_FORK_EAGAIN},
		{ss__judge_pids_cgroup(s), SS_CAUSE_PIDS_CGROUP, SS_FORK_EAGAIN},
	};
	struct answer answer = {SS_FORK_OK, SS_CAUSE_NONE, memory == CLOSER};
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		if (checks[i].outcome == PASSES)
			continue;
		/* A certain refusal counts for more than an earlier doubt. */
		if (checks[i].outcome == REFUSED)
			return (struct answer){checks[i].refusal, checks[i].cause, false};
		if (answer.verdict == SS_FORK_OK)
			answer.cause = checks[i].cause;
		answer.verdict = SS_FORK_UNSURE;
	}
	return answer;
}
