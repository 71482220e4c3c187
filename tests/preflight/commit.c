/* SPDX-License-Identifier: MIT */
/* The one rule for strict overcommit, at its borders. */
#include "base/commit.h"

#include "leak.h"

static const struct commit usual = {
	.limit = 1000,
	.committed = 400,
	.admin_reserve = 50,
	.user_reserve = 30,
	.total = 320,
};

static void what_is_committed_stays_below(void **state)
{
	struct commit c = usual;
	(void)state;
	assert_int_equal(ss__commit_allowed(&c), 1000 - 50 - 10);
	assert_false(ss__commit_refuses(&c, 539));
	assert_true(ss__commit_refuses(&c, 540));
}

static void reserves(void **state)
{
	struct commit c = usual;
	(void)state;
	c.privileged = true;
	assert_int_equal(ss__commit_allowed(&c), 990);
	c.total = 32 * 31; /* at most the setting */
	assert_int_equal(ss__commit_allowed(&c), 970);
	c.total = 31;
	assert_int_equal(ss__commit_allowed(&c), 1000);
}

static void no_room_at_all(void **state)
{
	struct commit c = usual;
	(void)state;
	c.committed = 2000;
	assert_true(ss__commit_refuses(&c, 1));
	c = usual;
	c.admin_reserve = 5000;
	assert_int_equal(ss__commit_allowed(&c), 0);
	assert_true(ss__commit_refuses(&c, UINT64_MAX));
	c = usual;
	assert_true(ss__commit_refuses(&c, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_committed_stays_below),
		TEST(reserves),
		TEST(no_room_at_all),
	};
	return RUN_TESTS(tests);
}
