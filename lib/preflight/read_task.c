/* SPDX-License-Identifier: MIT */
/* The facts of one task. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "preflight/model.h"
#include "preflight/read.h"

enum { CAP_ADMIN = 21, CAP_RESOURCE = 24 }; /* CAP_SYS_... */

bool ss__is_caller(const struct source *source, pid_t pid)
{
	return pid == 0 || (source->live && pid == getpid());
}

int ss__task_open(const struct source *source, pid_t pid)
{
	char name[16] = "thread-self";
	bool own = ss__is_caller(source, pid);
	if (!own)
		snprintf(name, sizeof name, "%d", (int)pid);
	int fd = openat(source->proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && own)
		fd = openat(source->proc, "self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

static uint64_t nproc_limit(int task_dir, bool own)
{
	struct limits limits = {0};
	struct rlimit limit;
	if (own && getrlimit(RLIMIT_NPROC, &limit) == 0)
		return limit.rlim_cur == RLIM_INFINITY ? NO_LIMIT : limit.rlim_cur;
	if (ss__read_lines(task_dir, "limits", ss__parse_limits, &limits) < 0)
		return NO_LIMIT;
	return limits.has_processes ? limits.processes : NO_LIMIT;
}

/* A count of a user's tasks reads all of /proc, so it is made only if the limit is within reach. */
static void read_user(const struct source *source, uint64_t user_ns, const struct system_facts *sys,
	struct task_facts *task)
{
	struct user_tally tally = {.uid = task->uid, .user_ns = user_ns};
	task->user_tasks_low = 0;
	task->user_tasks_high = sys->tasks;
	if (task->nproc_limit > sys->tasks || ss__is_exempt_from_nproc(task))
		return;
	if (ss__count_tasks(source, &tally) == 0)
		ss__user_bounds(&tally, sys, &task->user_tasks_low, &task->user_tasks_high);
}

void ss__read_task(const struct source *source, int task_dir, bool own, const struct status *st,
	const struct system_facts *sys, struct task_facts *task)
{
	uint64_t page = sys->page_bytes;
	*task = (struct task_facts){
		.pid = own ? getpid() : (pid_t)st->pid,
		.uid = st->uid,
		.pid_namespace = ss__read_pid_namespace(source, task_dir),
		.cap_admin = st->cap_effective >> CAP_ADMIN & 1,
		.cap_resource = st->cap_effective >> CAP_RESOURCE & 1,
		.total = ss__mul_clamped(st->size, 1024) / page,
		.data = ss__mul_clamped(ss__add_clamped(st->data, st->stack), 1024) / page,
		.resident = ss__mul_clamped(st->resident, 1024) / page,
		.page_table_bytes = ss__mul_clamped(st->page_tables, 1024),
		.nproc_limit = nproc_limit(task_dir, own),
		.pids_room = NO_LIMIT,
		.pids_max = NO_LIMIT,
		.memory_room_bytes = NO_LIMIT,
	};
	/* Before 4.5 there is no RssAnon line. */
	uint64_t anonymous = st->resident_anon ? st->resident_anon : st->resident;
	task->anonymous = ss__mul_clamped(ss__add_clamped(anonymous, st->swap), 1024) / page;
	bool reserves_matter = sys->overcommit == 2 || ss__is_before_5_2(sys);
	uint64_t user_ns = FIRST_USER_NAMESPACE;
	if (reserves_matter || task->nproc_limit <= sys->tasks)
		user_ns = ss__read_user_namespace(task_dir, ".");
	task->first_namespace = user_ns == FIRST_USER_NAMESPACE;
	read_user(source, user_ns, sys, task);
}
