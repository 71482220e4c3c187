/* SPDX-License-Identifier: MIT */
/* Advice for each cause and warning, the most useful first. */
#include "preflight/text.h"

#include <stdio.h>

#include "preflight/scan.h"

/* A fork that takes longer is worth a word. */
#define SLOW_NS 5000000
/* What exec charges a small program for its stack, its data and libc's data. */
#define SMALL_PROGRAM (1 << 20)
/* The largest sum of vm.admin_reserve_kbytes and vm.user_reserve_kbytes that the kernel sets
 * itself. */
#define USUAL_RESERVES (136 << 20)

static bool is_for_memory(const struct ss_preflight *r)
{
	return r->verdict != SS_FORK_OK && r->cause >= SS_CAUSE_MAPPING_RAM &&
	       r->cause <= SS_CAUSE_COMMIT_LIMIT;
}

/* In mode 2 the kernel charges the new program for its own mappings, however it starts. */
static bool has_no_room_for_programs(const struct ss_preflight *r)
{
	/* An estimate is uncertain mostly in the charge. */
	uint64_t error = r->exact ? r->uncertainty_bytes : 0;
	return r->cause == SS_CAUSE_COMMIT_LIMIT &&
	       r->headroom_bytes < ss__add_clamped(error, SMALL_PROGRAM);
}

static int own_code(char *text, size_t size, const struct ss_preflight *r)
{
	if (!is_for_memory(r))
		return 0;
	return snprintf(text, size, "start programs with ss_spawn, ss_system or ss_popen: %s",
		has_no_room_for_programs(r)
			? "they need room for the new program only, but there is hardly any left"
			: "they need no room at all");
}

static int other_code(char *text, size_t size, const struct ss_preflight *r)
{
	if (!is_for_memory(r))
		return 0;
	return snprintf(
		text, size, "run a program that you cannot change by: safespawn run PROGRAM");
}

/* The CommitLimit that would suffice. It includes swap. */
static uint64_t sufficient_limit_kb(const struct ss_preflight *r)
{
	uint64_t base = r->limit_bytes;
	if (r->headroom_bytes == 0)
		base = ss__add_clamped(r->committed_bytes, USUAL_RESERVES);
	if (base < r->limit_bytes)
		base = r->limit_bytes;
	base = ss__add_clamped(base, ss__add_clamped(r->charge_bytes, r->uncertainty_bytes));
	return base / 1024 + (base % 1024 != 0);
}

static int raise_limit(char *text, size_t size, const struct ss_preflight *r)
{
	if (!is_for_memory(r) || r->cause != SS_CAUSE_COMMIT_LIMIT)
		return 0;
	return snprintf(text, size,
		"or add swap, or set vm.overcommit_kbytes to %llu minus SwapTotal of "
		"/proc/meminfo; "
		"the cost: the kernel promises more memory than there is",
		(unsigned long long)sufficient_limit_kb(r));
}

static int always_overcommit(char *text, size_t size, const struct ss_preflight *r)
{
	if (!is_for_memory(r) || r->cause == SS_CAUSE_COMMIT_LIMIT)
		return 0;
	return snprintf(text, size,
		"or set vm.overcommit_memory=1; the cost: the kernel grants every request, "
		"and the OOM killer ends what does not fit");
}

static int raise_tasks(char *text, size_t size, const struct ss_preflight *r)
{
	switch (r->cause) {
	case SS_CAUSE_NPROC:
		return snprintf(text, size, "raise RLIMIT_NPROC (ulimit -u, LimitNPROC=)");
	case SS_CAUSE_THREADS_MAX:
		return snprintf(text, size, "raise kernel.threads-max");
	case SS_CAUSE_PID_MAX:
		return snprintf(text, size, "raise kernel.pid_max");
	case SS_CAUSE_PIDS_CGROUP:
		return snprintf(text, size, "raise pids.max of the full cgroup (TasksMax=)");
	case SS_CAUSE_PID_NAMESPACE:
		return snprintf(text, size,
			"keep the first process after unshare(CLONE_NEWPID) alive while others are "
			"to "
			"follow");
	default:
		return 0;
	}
}

static int any_spawn(char *text, size_t size, const struct ss_preflight *r)
{
	if (r->verdict == SS_FORK_OK || is_for_memory(r))
		return 0;
	return snprintf(text, size,
		r->verdict != SS_FORK_UNSURE
			? "every new process is refused, even one from ss_spawn"
			: "if fork is refused, so is ss_spawn: the limit is not about memory");
}

static int memory_cgroup(char *text, size_t size, const struct ss_preflight *r)
{
	char room[SIZE_TEXT], need[SIZE_TEXT];
	if (!(r->warnings & SS_WARN_MEMORY_CGROUP))
		return 0;
	return snprintf(text, size,
		"its memory cgroup has %s left, and fork may need %s: the kernel may kill this "
		"process in fork; raise memory.max, or do not fork",
		ss__size_text(room, r->cgroup_headroom_bytes),
		ss__size_text(need, r->cgroup_need_bytes));
}

static int slow(char *text, size_t size, const struct ss_preflight *r)
{
	char time[SIZE_TEXT];
	if (r->estimated_ns < SLOW_NS || r->verdict != SS_FORK_OK)
		return 0;
	return snprintf(text, size,
		"a fork keeps its other threads from mapping memory for %s; ss_spawn does not",
		ss__time_text(time, r->estimated_ns));
}

static int look_closer(char *text, size_t size, const struct ss_preflight *r)
{
	if (!is_for_memory(r) || r->exact)
		return 0;
	if (ss__lacks_mappings(r))
		return snprintf(
			text, size, "its maps cannot be read: run this as its user or as root");
	return snprintf(text, size,
		"this is an estimate: its smaps was not read (safespawn preflight --exact, as its "
		"user "
		"or as root)");
}

int ss__advice_text(char *text, size_t size, const struct ss_preflight *r, unsigned n)
{
	static int (*const all[])(char *, size_t, const struct ss_preflight *) = {
		memory_cgroup,
		own_code,
		other_code,
		raise_limit,
		always_overcommit,
		raise_tasks,
		any_spawn,
		look_closer,
		slow,
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		int len = all[i](text, size, r);
		if (len != 0 && n-- == 0)
			return len;
	}
	return 0;
}
