/* SPDX-License-Identifier: MIT */
#include "preflight/users.h"
#include "usual.h"

enum { FIRST_OF_OTHERS = 77, SECOND_OF_OTHERS };

static struct system_facts machine(unsigned version, uint64_t tasks)
{
	return (struct system_facts){.version = version, .tasks = tasks};
}

static struct user_tally tally_for(uint64_t uid, uint64_t user_ns)
{
	static const struct some_tasks all[] = {
		{1000, FIRST_USER_NAMESPACE, 5},
		{1000, FIRST_USER_NAMESPACE, 2},
		{2000, FIRST_USER_NAMESPACE, 30},
		{1000, FIRST_OF_OTHERS, 11},
		{3000, FIRST_OF_OTHERS, 13},
		{1000, 0, 17},
	};
	struct user_tally t = {.uid = uid, .user_ns = user_ns};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		ss__user_tally_add(&t, &all[i]);
	return t;
}

static void expect_bounds(
	const struct user_tally *t, struct system_facts sys, uint64_t want_low, uint64_t want_high)
{
	uint64_t low = 0, high = 0;
	ss__user_bounds(t, &sys, &low, &high);
	assert_int_equal(low, want_low);
	assert_int_equal(high, want_high);
}

static void tasks_of_other_namespaces_may_count_or_not(void **state)
{
	(void)state;
	struct user_tally t = tally_for(1000, FIRST_USER_NAMESPACE);
	assert_int_equal(t.all, 78);
	expect_bounds(&t, machine(VERSION(6, 1), 78), 7, 7 + 11 + 13 + 17);
	/* Some are not seen. */
	expect_bounds(&t, machine(VERSION(6, 1), 80), 7, 7 + 11 + 13 + 17 + 2);
	/* Nobody's but theirs: the creator of a namespace. */
	t = tally_for(4000, FIRST_USER_NAMESPACE);
	expect_bounds(&t, machine(VERSION(6, 1), 78), 0, 11 + 13 + 17);
}

static void outside_the_first_namespace_anyone_may_count(void **state)
{
	(void)state;
	struct user_tally t = tally_for(1000, FIRST_OF_OTHERS);
	expect_bounds(&t, machine(VERSION(6, 1), 78), 11, 78);
	t = tally_for(1000, SECOND_OF_OTHERS);
	expect_bounds(&t, machine(VERSION(6, 1), 78), 0, 78);
	/* What is not known is nobody's own. */
	t = tally_for(1000, 0);
	expect_bounds(&t, machine(VERSION(6, 1), 78), 0, 78);
}

static void before_5_14_namespaces_did_not_matter(void **state)
{
	(void)state;
	struct user_tally t = tally_for(1000, FIRST_USER_NAMESPACE);
	expect_bounds(&t, machine(VERSION(5, 13), 78), 35, 35);
	expect_bounds(&t, machine(VERSION(5, 13), 80), 35, 37);
	t = tally_for(1000, FIRST_OF_OTHERS);
	expect_bounds(&t, machine(VERSION(5, 13), 78), 35, 35);
}

static void a_census_is_as_good_as_counting_anew(void **state)
{
	(void)state;
	static struct census census;
	struct user_tally one = {.uid = 5, .user_ns = 7}, other = one;
	for (uint64_t i = 0; i < 2000; i++) {
		struct some_tasks some = {i % 9, i % 4 + 6, i % 3};
		ss__census_add(&census, &some);
		ss__user_tally_add(&one, &some);
	}
	ss__census_tally(&census, &other);
	assert_int_equal(census.n, 36);
	assert_memory_equal(&one, &other, sizeof one);
}

static void whom_a_census_has_no_place_for_is_not_seen(void **state)
{
	(void)state;
	static struct census census;
	struct user_tally t = {.uid = 5, .user_ns = 7};
	for (uint64_t i = 0; i < 5000; i++)
		ss__census_add(&census, &(struct some_tasks){i, 7, 2});
	ss__census_add(&census, &(struct some_tasks){5, 7, 2});
	ss__census_tally(&census, &t);
	assert_int_equal(census.n, sizeof census.users / sizeof census.users[0]);
	assert_int_equal(t.own, 4);
	assert_int_equal(t.all, census.n * 2 + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tasks_of_other_namespaces_may_count_or_not),
		TEST(outside_the_first_namespace_anyone_may_count),
		TEST(before_5_14_namespaces_did_not_matter),
		TEST(a_census_is_as_good_as_counting_anew),
		TEST(whom_a_census_has_no_place_for_is_not_seen),
	};
	return RUN_TESTS(tests);
}
