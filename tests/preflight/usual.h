/* SPDX-License-Identifier: MIT */
#ifndef TEST_PREFLIGHT_USUAL_H
#define TEST_PREFLIGHT_USUAL_H

#include "leak.h"
#include "preflight/model.h"

#define MIB (UINT64_C(1) << 8) /* pages */
#define GIB (UINT64_C(1) << 18)

/* 16 GiB of RAM, no swap, Linux 6.1; a root process of 1 GiB, read exactly. */
static inline struct snapshot usual(void)
{
	return (struct snapshot){
		.system =
			{
				.page_bytes = 4096,
				.version = VERSION(6, 1),
				.overcommit = 0,
				.ram = 16 * GIB,
				.commit_known = true,
				.committed = 2 * GIB,
				.commit_limit = 8 * GIB,
				.admin_reserve = 2048,
				.user_reserve = 32768,
				.cpus = 4,
				.tasks = 500,
				.numbered_tasks = 500,
				.threads_max = 100000,
				.pid_max = 32768,
			},
		.task =
			{
				.pid = 42,
				.uid = 0,
				.first_namespace = true,
				.cap_admin = true,
				.cap_resource = true,
				.total = GIB,
				.data = GIB,
				.nproc_limit = NO_LIMIT,
				.pids_room = NO_LIMIT,
				.memory_room_bytes = NO_LIMIT,
			},
		.charge =
			{
				.look = LOOK_SMAPS,
				.final = true,
				.sum = {GIB, GIB, GIB},
				.largest = {GIB / 2, GIB / 2, GIB / 2},
			},
	};
}

static inline struct snapshot ordinary_user(void)
{
	struct snapshot s = usual();
	s.task.uid = 1000;
	s.task.cap_admin = s.task.cap_resource = false;
	return s;
}

static inline void set_sum(struct snapshot *s, uint64_t pages)
{
	s->charge.sum = (struct range){pages, pages, pages};
}

static inline void set_largest(struct snapshot *s, uint64_t pages)
{
	s->charge.largest = (struct range){pages, pages, pages};
}

static inline void expect(
	const struct snapshot *s, enum ss_fork_verdict verdict, enum ss_cause cause)
{
	struct answer a = ss__judge(s);
	assert_int_equal(a.verdict, verdict);
	assert_int_equal(a.cause, cause);
}

static inline void ok(const struct snapshot *s)
{
	expect(s, SS_FORK_OK, SS_CAUSE_NONE);
}

#endif
