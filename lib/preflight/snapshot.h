/* SPDX-License-Identifier: MIT */
#ifndef PREFLIGHT_SNAPSHOT_H
#define PREFLIGHT_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "preflight/scan.h"

/* All numbers that the kernel's verdict depends on. Sizes are in pages unless the name says
 * otherwise. NO_LIMIT: none, or unknown. */
struct system_facts {
	uint64_t page_bytes;
	unsigned version; /* VERSION(5, 2) */
	int overcommit;
	uint64_t ram, swap;
	bool commit_known;
	uint64_t committed, commit_limit;
	uint64_t admin_reserve, user_reserve;
	uint64_t cpus; /* 0: not known */
	/* for mode 0 of kernels up to 5.1 */
	uint64_t free, file, shmem, swap_free, reclaimable, reserve;
	uint64_t tasks, threads_max, pid_max;
	uint64_t numbered_tasks; /* tasks with a pid here: in a namespace fewer than `tasks` */
};

/* The PID namespace of the task's children. */
enum pid_namespace {
	PID_NAMESPACE_OPEN,
	PID_NAMESPACE_CLOSED, /* its first process has ended */
	PID_NAMESPACE_UNKNOWN /* nobody is seen in it, but not all could be looked at */
};

struct task_facts {
	pid_t pid;
	enum pid_namespace pid_namespace;
	uint64_t uid;
	bool first_namespace; /* its user namespace is the first one */
	bool cap_admin, cap_resource;
	uint64_t total, data; /* data: private writable */
	uint64_t resident, anonymous, page_table_bytes;
	uint64_t nproc_limit;
	uint64_t user_tasks_low, user_tasks_high; /* tasks of its user: as counted, and at most */
	uint64_t pids_room;                       /* tasks that its cgroups still allow */
	uint64_t pids, pids_max;                  /* in the cgroup with the least room */
	uint64_t memory_room_bytes; /* what its memory cgroups still allow, cache dropped */
};

/* How closely the mappings were looked at. */
enum look {
	LOOK_STATUS, /* sums only */
	LOOK_MAPS,   /* each mapping, but not its flags */
	LOOK_SMAPS   /* everything */
};

struct range {
	uint64_t low, likely, high;
};

struct charge_facts {
	enum look look;
	bool final;                          /* no closer look is possible */
	uint64_t mappings, charged_mappings; /* 0: not counted */
	struct range sum, largest;
	uint64_t huge; /* in transparent huge pages */
};

struct snapshot {
	struct system_facts system;
	struct task_facts task;
	struct charge_facts charge;
};

#endif
