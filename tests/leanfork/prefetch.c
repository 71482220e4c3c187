/* SPDX-License-Identifier: MIT */
#include "preload/leanfork/prefetch.h"

#include "leak.h"

#define BASE (UINTPTR_MAX / 4 + 1)
#define MIB ((uintptr_t)1 << 20)
#define LAST_PAGE (UINTPTR_MAX / 2 + 1 - PAGE) /* of user space */

static bool has(const struct working_set *set, uintptr_t at)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->spans[i].start <= at && at < set->spans[i].end)
			return true;
	return false;
}

static uintptr_t bytes(const struct working_set *set)
{
	uintptr_t sum = 0;
	for (size_t i = 0; i < set->n; i++)
		sum += set->spans[i].end - set->spans[i].start;
	return sum;
}

static void a_block_round_an_address(void **state)
{
	struct working_set working_set = {0};
	(void)state;
	prefetch_add(&working_set, BASE + PREFETCH_BLOCK + 5);
	assert_int_equal(working_set.n, 1);
	assert_int_equal(working_set.spans[0].start, BASE + PREFETCH_BLOCK);
	assert_int_equal(working_set.spans[0].end, BASE + 2 * PREFETCH_BLOCK);
	prefetch_add(&working_set, BASE + PREFETCH_BLOCK + 70000);
	assert_int_equal(bytes(&working_set), PREFETCH_BLOCK);
}

static void neighbours_become_one(void **state)
{
	struct working_set working_set = {0};
	(void)state;
	prefetch_add(&working_set, BASE + 3 * MIB);
	prefetch_add(&working_set, BASE + 4 * MIB);
	prefetch_add(&working_set, BASE + 2 * MIB);
	assert_int_equal(working_set.n, 1);
	assert_int_equal(bytes(&working_set), 2 * MIB + PREFETCH_BLOCK);
	prefetch_add(&working_set, BASE + 8 * MIB);
	assert_int_equal(working_set.n, 2);
	assert_false(has(&working_set, BASE + 6 * MIB));
}

static void the_ends_of_the_address_space(void **state)
{
	struct working_set working_set = {0};
	(void)state;
	prefetch_add(&working_set, 0x10000);
	prefetch_add(&working_set, LAST_PAGE);
	assert_int_equal(working_set.n, 2);
	assert_true(has(&working_set, 0x10000) && has(&working_set, LAST_PAGE));
}

static void never_too_much(void **state)
{
	struct working_set working_set = {0};
	uint64_t seed = 1;
	size_t most = 0;
	(void)state;
	for (int i = 0; i < 100000; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		uintptr_t size = i % 2000 < 1000 ? 8 * MIB : 512 * MIB;
		uintptr_t at = BASE + (uintptr_t)((seed >> 20) % size);
		prefetch_add(&working_set, at);
		assert_true(
			working_set.n <= PREFETCH_SPANS && bytes(&working_set) <= PREFETCH_BYTES);
		assert_true(working_set.n == 0 || has(&working_set, at));
		most = working_set.n > most ? working_set.n : most;
	}
	assert_int_equal(most, PREFETCH_SPANS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_block_round_an_address),
		TEST(neighbours_become_one),
		TEST(the_ends_of_the_address_space),
		TEST(never_too_much),
	};
	return RUN_TESTS(tests);
}
