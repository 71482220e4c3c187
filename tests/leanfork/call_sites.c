/* SPDX-License-Identifier: MIT */
#include "preload/call_sites.h"

#include "leak.h"

static int natives_before_next_try(uintptr_t site)
{
	int n = 0;
	while (!sites_allow(site) && n < 10000)
		n++;
	return n;
}

static void an_unknown_place_may_try(void **state)
{
	(void)state;
	assert_true(sites_allow(0x1000));
	sites_note(0x1000, SITE_LEAN);
	assert_true(sites_allow(0x1000));
}

static void who_restarts_is_native_for_a_while_and_longer_each_time(void **state)
{
	int before = 0;
	(void)state;
	for (int i = 0; i < 5; i++) {
		sites_note(0x2000, SITE_RESTARTED);
		int n = natives_before_next_try(0x2000);
		assert_true(n > before);
		before = n;
	}
	assert_true(sites_allow(0x2000));
	assert_true(sites_allow(0x2004));
}

static void who_times_out_is_native_for_longer(void **state)
{
	(void)state;
	sites_note(0x5000, SITE_RESTARTED);
	sites_note(0x6000, SITE_TIMED_OUT);
	assert_true(natives_before_next_try(0x6000) > 10 * natives_before_next_try(0x5000));
}

static void the_while_has_a_bound(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		sites_note(0x3000, SITE_RESTARTED);
	int n = natives_before_next_try(0x3000);
	assert_between(n, 1, 9999);
}

static void success_is_remembered_too(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++)
		sites_note(0x4000, SITE_RESTARTED);
	int before = natives_before_next_try(0x4000);
	for (int i = 0; i < 4; i++)
		sites_note(0x4000, SITE_LEAN);
	sites_note(0x4000, SITE_RESTARTED);
	assert_true(natives_before_next_try(0x4000) < before);
}

static void more_places_than_room(void **state)
{
	(void)state;
	for (uintptr_t site = 0x10000; site < 0x20000; site += 16) {
		sites_note(site, SITE_RESTARTED);
		sites_allow(site);
	}
	assert_false(sites_allow(0x20000 - 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unknown_place_may_try),
		TEST(who_restarts_is_native_for_a_while_and_longer_each_time),
		TEST(who_times_out_is_native_for_longer),
		TEST(the_while_has_a_bound),
		TEST(success_is_remembered_too),
		TEST(more_places_than_room),
	};
	return RUN_TESTS(tests);
}
