/* SPDX-License-Identifier: MIT */
#include "leak.h"
#include "preflight/model.h"

#define MIB (UINT64_C(1) << 8) /* pages */
#define GIB (UINT64_C(1) << 18)

/* 16 GiB of RAM, no swap, Linux 6.1; a root process of 1 GiB, read exactly. */
static struct snapshot usual(void)
{
	return (struct snapshot){
		.system = {
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
			.threads_max = 100000,
			.pid_max = 32768,
		},
		.task = {
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
		.charge = {
			.look = LOOK_SMAPS,
			.final = true,
			.sum = {GIB, GIB, GIB},
			.largest = {GIB / 2, GIB / 2, GIB / 2},
		},
	};
}

static struct snapshot ordinary_user(void)
{
	struct snapshot s = usual();
	s.task.uid = 1000;
	s.task.cap_admin = s.task.cap_resource = false;
	return s;
}

static void set_sum(struct snapshot *s, uint64_t pages)
{
	s->charge.sum = (struct range){pages, pages, pages};
}

static void set_largest(struct snapshot *s, uint64_t pages)
{
	s->charge.largest = (struct range){pages, pages, pages};
}

static void expect(const struct snapshot *s, enum ss_fork_verdict verdict, enum ss_cause cause)
{
	struct answer a = judge(s);
	assert_int_equal(a.verdict, verdict);
	assert_int_equal(a.cause, cause);
}

static void ok(const struct snapshot *s)
{
	expect(s, SS_FORK_OK, SS_CAUSE_NONE);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void mode_1_refuses_nothing(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.overcommit = 1;
	set_sum(&s, UINT64_MAX);
	set_largest(&s, UINT64_MAX);
	ok(&s);
	assert_true(headroom_pages(&s) == NO_LIMIT);
}

static void mode_0_compares_each_mapping_with_ram_and_swap(void **state)
{
	(void)state;
	struct snapshot s = usual();
	set_sum(&s, 100 * GIB);
	set_largest(&s, 16 * GIB);
	ok(&s);
	set_largest(&s, 16 * GIB + 1);
	expect(&s, SS_FORK_ENOMEM, SS_CAUSE_MAPPING_RAM);
	s.system.swap = 1;
	ok(&s);
	s.system.version = VERSION(5, 2);
	ok(&s);
	assert_true(headroom_pages(&s) == 16 * GIB + 1);
}

static void mode_0_before_5_2_compares_with_what_could_be_freed(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.version = VERSION(5, 1);
	s.system.free = GIB;
	s.system.file = GIB;
	s.system.shmem = GIB / 4;
	s.system.swap_free = GIB / 8;
	s.system.reclaimable = GIB / 8;
	s.system.reserve = GIB / 16;
	uint64_t bound = 2 * GIB - GIB / 16;
	assert_true(headroom_pages(&s) == bound);
	uint64_t error = counter_error_pages(&s);
	assert_true(error >= bound / 64 && error < bound / 32);
	set_largest(&s, bound - error - 1);
	ok(&s);
	set_largest(&s, bound);
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_MAPPING_AVAILABLE);
	set_largest(&s, bound + error);
	expect(&s, SS_FORK_ENOMEM, SS_CAUSE_MAPPING_AVAILABLE);
	s.task.cap_admin = false;
	assert_true(headroom_pages(&s) == bound - 2048);
	s.task.cap_admin = true;
	s.task.first_namespace = false;
	assert_true(headroom_pages(&s) == bound - 2048);
	s.system.reserve = 100 * GIB;
	assert_true(headroom_pages(&s) == 0);
}

/* The device of which this project was born: 31 MiB of 50 in use, and fork fails. */
static struct snapshot embedded(void)
{
	struct snapshot s = usual();
	s.system = (struct system_facts){
		.page_bytes = 4096,
		.version = VERSION(4, 19),
		.ram = 51308 / 4,
		.free = 7500 / 4,
		.file = (2648 + 8816) / 4,
		.shmem = 144 / 4,
		.reclaimable = 1624 / 4,
		.reserve = 1068 / 4,
		.cpus = 1,
		.tasks = 48,
		.threads_max = 401,
		.pid_max = 32768,
	};
	set_sum(&s, 7682 + 256 + 33);
	set_largest(&s, 7682);
	return s;
}

static void the_starting_case(void **state)
{
	(void)state;
	struct snapshot s = embedded();
	struct ss_preflight r;
	fill_report(&r, &s);
	assert_int_equal(r.verdict, SS_FORK_ENOMEM);
	assert_int_equal(r.cause, SS_CAUSE_MAPPING_AVAILABLE);
	assert_int_equal(r.headroom_bytes, 19376 * 1024);
	assert_int_equal(r.largest_bytes, 7682 * 4096);
	assert_int_equal(r.charge_bytes, (7682 + 256 + 33) * 4096);
	/* The kernel's own figure was 4861 pages. */
	assert_true(r.headroom_bytes + r.uncertainty_bytes >= 4861 * 4096);
	/* Later kernels don't mind. */
	s.system.version = VERSION(5, 2);
	ok(&s);
}

static void the_starting_case_passes_when_not_written(void **state)
{
	(void)state;
	struct snapshot s = embedded();
	s.system.free += 7682;
	ok(&s);
}

static void its_data_and_heap_pass_by_themselves(void **state)
{
	(void)state;
	struct snapshot s = embedded();
	set_largest(&s, 256);
	ok(&s);
}

static void mode_2_compares_the_sum_with_the_limit(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.overcommit = 2;
	uint64_t error = counter_error_pages(&s);
	assert_int_equal(error, 4 * (16 * GIB / 4 / 256));
	/* limit - reserve of a 1 GiB process - committed */
	uint64_t headroom = 8 * GIB - GIB / 32 - 2 * GIB;
	assert_true(headroom_pages(&s) == headroom);
	set_sum(&s, headroom - error - 1);
	ok(&s);
	set_sum(&s, headroom - error);
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
	set_sum(&s, headroom + error - 1);
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
	set_sum(&s, headroom + error);
	expect(&s, SS_FORK_ENOMEM, SS_CAUSE_COMMIT_LIMIT);
	/* One mapping larger than RAM is nothing special here. */
	set_sum(&s, GIB);
	set_largest(&s, 100 * GIB);
	ok(&s);
}

static void mode_2_keeps_reserves(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.overcommit = 2;
	s.task.total = 0;
	assert_true(headroom_pages(&s) == 6 * GIB);
	s.task.total = 3200;
	assert_true(headroom_pages(&s) == 6 * GIB - 100);
	s.task.total = 1000 * GIB;
	assert_true(headroom_pages(&s) == 6 * GIB - 32768);
	s.task.first_namespace = false;
	assert_true(headroom_pages(&s) == 6 * GIB - 32768 - 2048);
	s.system.committed = 9 * GIB;
	assert_true(headroom_pages(&s) == 0);
	expect(&s, SS_FORK_ENOMEM, SS_CAUSE_COMMIT_LIMIT);
}

static void mode_2_error_of_small_machines(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.overcommit = 2;
	s.system.ram = 64 * MIB;
	s.system.cpus = 1;
	assert_int_equal(counter_error_pages(&s), 64);
	s.system.ram = 16 * MIB;
	assert_int_equal(counter_error_pages(&s), 32);
	s.system.cpus = 64;
	assert_int_equal(counter_error_pages(&s), 64 * 128);
}

static void mode_2_without_committed_is_unsure(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.overcommit = 2;
	s.system.commit_known = false;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
	assert_false(judge(&s).closer);
}

static void nothing_charged_is_never_refused(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.overcommit = 2;
	s.system.committed = 9 * GIB;
	set_sum(&s, 0);
	ok(&s);
	s.system.overcommit = 0;
	s.system.version = VERSION(4, 4);
	set_largest(&s, 0);
	ok(&s);
}

/* ---- how closely to look ------------------------------------------------------------------- */

static struct charge_facts by_status(uint64_t total, uint64_t data)
{
	const struct status st = {.size = total * 4, .data = data * 4};
	return charge_from_status(&st, 4096);
}

static void status_is_enough_where_all_of_it_would_pass(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.charge = by_status(15 * GIB, GIB);
	ok(&s);
	s.charge = by_status(17 * GIB, GIB);
	assert_true(judge(&s).closer);
	s.system.overcommit = 2;
	s.charge = by_status(5 * GIB, GIB);
	ok(&s);
	s.charge = by_status(7 * GIB, GIB);
	assert_true(judge(&s).closer);
	assert_int_equal(judge(&s).verdict, SS_FORK_UNSURE);
}

static void a_refusal_takes_a_closer_look(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.overcommit = 2;
	s.charge = by_status(100 * GIB, 90 * GIB);
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
	assert_true(judge(&s).closer);
	s.charge.final = true;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
	assert_false(judge(&s).closer);
}

static void maps_are_enough_where_the_rest_is_shared(void **state)
{
	(void)state;
	struct snapshot s = usual();
	const struct mappings m = {
		.n = 9,
		.writable = 1 << 30,
		.largest_writable = 1 << 30,
		.private_bytes = UINT64_C(2) << 30,
		.largest_private = UINT64_C(2) << 30,
	};
	s.charge = charge_from_mappings(&m, 4096);
	ok(&s);
	s.system.overcommit = 2;
	ok(&s);
	s.charge.sum.high = 10 * GIB;
	assert_true(judge(&s).closer);
	s.charge.final = true;
	assert_false(judge(&s).closer);
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
}

static void no_closer_look_for_what_is_refused_anyway(void **state)
{
	(void)state;
	struct snapshot s = ordinary_user();
	s.charge = by_status(17 * GIB, GIB);
	s.task.pids_room = 0;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_PIDS_CGROUP);
	assert_false(judge(&s).closer);
}

static void a_doubt_about_tasks_does_not_end_the_looking(void **state)
{
	(void)state;
	struct snapshot s = ordinary_user();
	s.charge = by_status(17 * GIB, GIB);
	s.task.nproc_limit = 100;
	s.task.user_tasks_low = 50;
	s.task.user_tasks_high = 500;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_NPROC);
	assert_true(judge(&s).closer);
}

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
	s.system.tasks = 690;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_PID_MAX);
	s.system.tasks = 998;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_PID_MAX);
	s.system.tasks = 999;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_PID_MAX);
	s.system.pid_max = NO_LIMIT;
	ok(&s);
}

static void pids_cgroup(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.task.pids_room = 1;
	ok(&s);
	s.task.pids_room = 0;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_PIDS_CGROUP);
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
	fill_report(&r, &s);
	assert_int_equal(r.warnings, 0);
	assert_int_equal(r.cgroup_need_bytes, need);
	s.task.memory_room_bytes = need - 1;
	fill_report(&r, &s);
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
	fill_report(&r, &s);
	assert_int_equal(r.size, sizeof r);
	assert_int_equal(r.pid, 42);
	assert_int_equal(r.overcommit, 2);
	assert_true(r.exact);
	assert_int_equal(r.charge_bytes, GIB * 4096);
	assert_int_equal(r.largest_bytes, GIB * 2048);
	assert_int_equal(r.committed_bytes, 2 * GIB * 4096);
	assert_int_equal(r.limit_bytes, 8 * GIB * 4096);
	assert_int_equal(r.uncertainty_bytes, counter_error_pages(&s) * 4096);
	s.system.overcommit = 1;
	fill_report(&r, &s);
	assert_true(r.headroom_bytes == UINT64_MAX);
}

static void the_estimate_knows_small_and_huge_pages(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.task.anonymous = 0;
	uint64_t empty = estimate_ns(&s);
	s.task.anonymous = GIB;
	uint64_t small = estimate_ns(&s) - empty;
	s.charge.huge = GIB;
	uint64_t huge = estimate_ns(&s) - empty;
	assert_true(empty > 10000 && empty < 1000000);
	assert_true(small > 5000000 && small < 20000000);
	assert_true(huge < small / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mode_1_refuses_nothing),
		TEST(mode_0_compares_each_mapping_with_ram_and_swap),
		TEST(mode_0_before_5_2_compares_with_what_could_be_freed),
		TEST(the_starting_case),
		TEST(the_starting_case_passes_when_not_written),
		TEST(its_data_and_heap_pass_by_themselves),
		TEST(mode_2_compares_the_sum_with_the_limit),
		TEST(mode_2_keeps_reserves),
		TEST(mode_2_error_of_small_machines),
		TEST(mode_2_without_committed_is_unsure),
		TEST(nothing_charged_is_never_refused),
		TEST(status_is_enough_where_all_of_it_would_pass),
		TEST(a_refusal_takes_a_closer_look),
		TEST(maps_are_enough_where_the_rest_is_shared),
		TEST(no_closer_look_for_what_is_refused_anyway),
		TEST(a_doubt_about_tasks_does_not_end_the_looking),
		TEST(rlimit_nproc),
		TEST(rlimit_nproc_is_not_for_the_privileged),
		TEST(threads_max_is_for_all),
		TEST(pid_max),
		TEST(pids_cgroup),
		TEST(the_kernels_order_decides_the_cause),
		TEST(memory_cgroups_warn),
		TEST(the_report_is_in_bytes),
		TEST(the_estimate_knows_small_and_huge_pages),
	};
	return RUN_TESTS(tests);
}
