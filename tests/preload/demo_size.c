/* SPDX-License-Identifier: MIT */
#include "cli/demo_size.h"
#include "leak.h"

#define MIB(n) ((uint64_t)(n) << 20)

static const struct demo_room vast = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};

static void two_gib_where_there_is_room(void **state)
{
	(void)state;
	struct demo_room room = vast;
	if (sizeof(void *) < 8)
		skip();
	assert_int_equal(demo_size(&room), MIB(2048));
	assert_int_equal(demo_most(&room), DEMO_ADDRESSES);
	room.available = room.cgroup = MIB(4096);
	assert_int_equal(demo_size(&room), MIB(2048));
}

static void half_of_what_is_scarcest(void **state)
{
	(void)state;
	struct demo_room room = vast;
	room.available = MIB(1000);
	assert_int_equal(demo_size(&room), MIB(500));
	room.mappings = MIB(800);
	assert_int_equal(demo_size(&room), MIB(400));
	room.cgroup = MIB(256);
	assert_int_equal(demo_size(&room), MIB(128));
	assert_int_equal(demo_most(&room), MIB(256));
}

/* The process and what it forks. */
static void a_third_of_what_can_be_promised(void **state)
{
	(void)state;
	struct demo_room room = vast;
	room.promise = MIB(300);
	assert_int_equal(demo_size(&room), MIB(100));
	assert_int_equal(demo_most(&room), MIB(300));
}

static void whole_pages_and_nothing_where_nothing_is_left(void **state)
{
	(void)state;
	struct demo_room room = vast;
	room.cgroup = 10001;
	assert_int_equal(demo_size(&room), 4096);
	room.cgroup = 0;
	assert_int_equal(demo_size(&room), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_gib_where_there_is_room),
		TEST(half_of_what_is_scarcest),
		TEST(a_third_of_what_can_be_promised),
		TEST(whole_pages_and_nothing_where_nothing_is_left),
	};
	return RUN_TESTS(tests);
}
