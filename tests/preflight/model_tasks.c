/* SPDX-License-Identifier: MIT */
#include "usual.h"

/* ---- tasks --------------------------------------------------------------------------------- */

static void rlimit_nproc(void **state)
{
	(void)state;
	struct snapshot s = ordinary_user();
	s.task.nproc_limit = 100;
	s.task.user_tasks_low = s.task.user_tasks_high = 99;
	ok(&s);
	s.task.user_tasks_low = s.task.user_tasks_high = 100;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_NPROC);
	s.task.user_tasks_low = 80;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_NPROC);
}

static void rlimit_nproc_is_not_for_the_privileged(void **state)
{
	(void)state;
	struct snapshot s = ordinary_user();
	s.task.nproc_limit = 0;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_NPROC);
	s.task.uid = 0;
	ok(&s);
	s.task.uid = 1000;
	s.task.cap_admin = true;
	ok(&s);
	s.task.cap_admin = false;
	s.task.cap_resource = true;
	ok(&s);
	s.task.first_namespace = false;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_NPROC);
	s.system.version = VERSION(5, 13);
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_NPROC);
}

static void threads_max_is_for_all(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.threads_max = 501;
	ok(&s);
	s.system.threads_max = 500;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_THREADS_MAX);
}

static void pid_max(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.pid_max = 1000;
	ok(&s);
	s.system.numbered_tasks = 690;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_PID_MAX);
	s.system.numbered_tasks = 998;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_PID_MAX);
	s.system.numbered_tasks = 999;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_PID_MAX);
	s.system.pid_max = NO_LIMIT;
	ok(&s);
	/* A namespace's own limit is not about the tasks outside. */
	s.system.pid_max = 1000;
	s.system.tasks = 5000;
	s.system.numbered_tasks = 10;
	ok(&s);
}

static void pid_namespace(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.task.pid_namespace = PID_NAMESPACE_OPEN;
	ok(&s);
	s.task.pid_namespace = PID_NAMESPACE_UNKNOWN;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_PID_NAMESPACE);
	s.task.pid_namespace = PID_NAMESPACE_CLOSED;
	expect(&s, SS_FORK_ENOMEM, SS_CAUSE_PID_NAMESPACE);
}

static void pids_cgroup(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.task.pids_room = 1;
	ok(&s);
	s.task.pids_room = 0;
	s.task.pids = 21;
	s.task.pids_max = 20;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_PIDS_CGROUP);
	struct ss_preflight r;
	ss__fill_report(&r, &s);
	assert_int_equal(r.tasks, 21);
	assert_int_equal(r.tasks_limit, 20);
}

static void the_kernels_order_decides_the_cause(void **state)
{
	(void)state;
	struct snapshot s = ordinary_user();
	s.task.pids_room = 0;
	s.system.pid_max = 400;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_PID_MAX);
	set_largest(&s, 17 * GIB);
	expect(&s, SS_FORK_ENOMEM, SS_CAUSE_MAPPING_RAM);
	s.system.threads_max = 1;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_THREADS_MAX);
	s.task.nproc_limit = 0;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_NPROC);
}

/* ---- the rest of the report ---------------------------------------------------------------- */

static void memory_cgroups_warn(void **state)
{
	(void)state;
	struct snapshot s = usual();
	struct ss_preflight r;
	s.task.page_table_bytes = 2 << 20;
	uint64_t need = (2 << 20) + (64 << 10) + 4 * (256 << 10);
	s.task.memory_room_bytes = need;
	ss__fill_report(&r, &s);
	assert_int_equal(r.warnings, 0);
	assert_int_equal(r.cgroup_need_bytes, need);
	s.task.memory_room_bytes = need - 1;
	ss__fill_report(&r, &s);
	assert_int_equal(r.warnings, SS_WARN_MEMORY_CGROUP);
	assert_int_equal(r.cgroup_headroom_bytes, need - 1);
	assert_int_equal(r.verdict, SS_FORK_OK);
}

static void the_report_is_in_bytes(void **state)
{
	(void)state;
	struct snapshot s = usual();
	struct ss_preflight r;
	s.system.overcommit = 2;
	ss__fill_report(&r, &s);
	assert_int_equal(r.size, sizeof r);
	assert_int_equal(r.pid, 42);
	assert_int_equal(r.overcommit, 2);
	assert_true(r.exact);
	assert_int_equal(r.charge_bytes, GIB * 4096);
	assert_int_equal(r.largest_bytes, GIB * 2048);
	assert_int_equal(r.committed_bytes, 2 * GIB * 4096);
	assert_int_equal(r.limit_bytes, 8 * GIB * 4096);
	assert_int_equal(r.uncertainty_bytes, ss__counter_error_pages(&s) * 4096);
	s.system.overcommit = 1;
	ss__fill_report(&r, &s);
	assert_true(r.headroom_bytes == UINT64_MAX);
}

static void the_estimate_knows_small_and_huge_pages(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.task.anonymous = 0;
	uint64_t empty = ss__estimate_ns(&s);
	s.task.anonymous = GIB;
	uint64_t small = ss__estimate_ns(&s) - empty;
	s.charge.huge = GIB;
	uint64_t huge = ss__estimate_ns(&s) - empty;
	assert_true(empty > 10000 && empty < 1000000);
	assert_true(small > 5000000 && small < 20000000);
	assert_true(huge < small / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rlimit_nproc),
		TEST(rlimit_nproc_is_not_for_the_privileged),
		TEST(threads_max_is_for_all),
		TEST(pid_max),
		TEST(pid_namespace),
		TEST(pids_cgroup),
		TEST(the_kernels_order_decides_the_cause),
		TEST(memory_cgroups_warn),
		TEST(the_report_is_in_bytes),
		TEST(the_estimate_knows_small_and_huge_pages),
	};
	return RUN_TESTS(tests);
}
