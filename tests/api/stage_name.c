/* SPDX-License-Identifier: MIT */
#include <safespawn.h>

#include "leak.h"

static void every_stage_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int a = SS_STAGE_NONE; a <= SS_STAGE_USER; a++) {
		assert_string_not_equal(ss_stage_name((enum ss_stage)a), "unknown");
		for (int b = SS_STAGE_NONE; b < a; b++)
			assert_string_not_equal(
				ss_stage_name((enum ss_stage)a), ss_stage_name((enum ss_stage)b));
	}
}

static void what_is_no_stage_is_unknown(void **state)
{
	(void)state;
	assert_string_equal(ss_stage_name((enum ss_stage)(SS_STAGE_USER + 1)), "unknown");
	assert_string_equal(ss_stage_name((enum ss_stage) - 1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_stage_has_a_name_of_its_own),
		TEST(what_is_no_stage_is_unknown),
	};
	return RUN_TESTS(tests);
}
