/* SPDX-License-Identifier: MIT */
#include "usual.h"

/* ---- memory -------------------------------------------------------------------------------- */

static void mode_1_refuses_nothing(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.overcommit = 1;
	set_sum(&s, UINT64_MAX);
	set_largest(&s, UINT64_MAX);
	ok(&s);
	assert_true(ss__headroom_pages(&s) == NO_LIMIT);
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
	assert_true(ss__headroom_pages(&s) == 16 * GIB + 1);
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
	assert_true(ss__headroom_pages(&s) == bound);
	uint64_t error = ss__counter_error_pages(&s);
	assert_true(error >= bound / 64 && error < bound / 32);
	set_largest(&s, bound - error - 1);
	ok(&s);
	set_largest(&s, bound);
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_MAPPING_AVAILABLE);
	set_largest(&s, bound + error);
	expect(&s, SS_FORK_ENOMEM, SS_CAUSE_MAPPING_AVAILABLE);
	s.task.cap_admin = false;
	assert_true(ss__headroom_pages(&s) == bound - 2048);
	s.task.cap_admin = true;
	s.task.first_namespace = false;
	assert_true(ss__headroom_pages(&s) == bound - 2048);
	s.system.reserve = 100 * GIB;
	assert_true(ss__headroom_pages(&s) == 0);
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
		.numbered_tasks = 48,
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
	ss__fill_report(&r, &s);
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
	uint64_t error = ss__counter_error_pages(&s);
	assert_int_equal(error, 4 * (16 * GIB / 4 / 256));
	/* limit - reserve of a 1 GiB process - committed */
	uint64_t headroom = 8 * GIB - GIB / 32 - 2 * GIB;
	assert_true(ss__headroom_pages(&s) == headroom);
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
	assert_true(ss__headroom_pages(&s) == 6 * GIB);
	s.task.total = 3200;
	assert_true(ss__headroom_pages(&s) == 6 * GIB - 100);
	s.task.total = 1000 * GIB;
	assert_true(ss__headroom_pages(&s) == 6 * GIB - 32768);
	s.task.first_namespace = false;
	assert_true(ss__headroom_pages(&s) == 6 * GIB - 32768 - 2048);
	s.system.committed = 9 * GIB;
	assert_true(ss__headroom_pages(&s) == 0);
	expect(&s, SS_FORK_ENOMEM, SS_CAUSE_COMMIT_LIMIT);
}

static void mode_2_error_of_small_machines(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.overcommit = 2;
	s.system.ram = 64 * MIB;
	s.system.cpus = 1;
	assert_int_equal(ss__counter_error_pages(&s), 64);
	s.system.ram = 16 * MIB;
	assert_int_equal(ss__counter_error_pages(&s), 32);
	s.system.cpus = 64;
	assert_int_equal(ss__counter_error_pages(&s), 64 * 128);
}

static void mode_2_without_committed_is_unsure(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.overcommit = 2;
	s.system.commit_known = false;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
	assert_false(ss__judge(&s).closer);
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
	return ss__charge_from_status(&st, 4096);
}

static void status_is_enough_where_all_of_it_would_pass(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.charge = by_status(15 * GIB, GIB);
	ok(&s);
	s.charge = by_status(17 * GIB, GIB);
	assert_true(ss__judge(&s).closer);
	s.system.overcommit = 2;
	s.charge = by_status(5 * GIB, GIB);
	ok(&s);
	s.charge = by_status(7 * GIB, GIB);
	assert_true(ss__judge(&s).closer);
	assert_int_equal(ss__judge(&s).verdict, SS_FORK_UNSURE);
}

static void a_refusal_takes_a_closer_look(void **state)
{
	(void)state;
	struct snapshot s = usual();
	s.system.overcommit = 2;
	s.charge = by_status(100 * GIB, 90 * GIB);
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
	assert_true(ss__judge(&s).closer);
	s.charge.final = true;
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
	assert_false(ss__judge(&s).closer);
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
	s.charge = ss__charge_from_mappings(&m, 4096);
	ok(&s);
	s.system.overcommit = 2;
	ok(&s);
	s.charge.sum.high = 10 * GIB;
	assert_true(ss__judge(&s).closer);
	s.charge.final = true;
	assert_false(ss__judge(&s).closer);
	expect(&s, SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
}

static void no_closer_look_for_what_is_refused_anyway(void **state)
{
	(void)state;
	struct snapshot s = ordinary_user();
	s.charge = by_status(17 * GIB, GIB);
	s.task.pids_room = 0;
	expect(&s, SS_FORK_EAGAIN, SS_CAUSE_PIDS_CGROUP);
	assert_false(ss__judge(&s).closer);
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
	assert_true(ss__judge(&s).closer);
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
	};
	return RUN_TESTS(tests);
}
