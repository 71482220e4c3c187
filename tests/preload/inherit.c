/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "leak.h"
#include "preload/inherit.h"

#define SHIM "libsafespawn_preload.so"

/* NULL: the variable has gone. */
static void assert_becomes(const char *before, const char *after)
{
	char first[] = "A=1", last[] = "Z=LD_PRELOAD=" SHIM, preload[256] = "LD_PRELOAD=";
	char *env[] = {first, preload, last, NULL};
	char **next = env;

	strcat(preload, before);
	inherit_drop(env);
	assert_ptr_equal(*next++, first);
	if (after) {
		assert_ptr_equal(*next++, preload);
		assert_string_equal(preload + strlen("LD_PRELOAD="), after);
	}
	assert_ptr_equal(*next++, last);
	assert_string_equal(last, "Z=LD_PRELOAD=" SHIM);
	assert_null(*next);
}

static void alone(void **state)
{
	(void)state;
	assert_becomes(SHIM, NULL);
	assert_becomes("/usr/lib/" SHIM, NULL);
	assert_becomes("/a/" SHIM ":/b/" SHIM, NULL);
	assert_becomes(":" SHIM ":", NULL);
}

static void among_others(void **state)
{
	(void)state;
	assert_becomes("/a.so:/x/" SHIM, "/a.so");
	assert_becomes("/x/" SHIM ":/a.so", "/a.so");
	assert_becomes("/a.so " SHIM " b.so", "/a.so b.so");
	assert_becomes("/a.so:" SHIM ":b.so", "/a.so:b.so");
}

static void others_stay(void **state)
{
	(void)state;
	assert_becomes("/a.so:b.so", "/a.so:b.so");
	assert_becomes("/x/" SHIM ".1", "/x/" SHIM ".1");
	assert_becomes("/x/my" SHIM, "/x/my" SHIM);
	assert_becomes("/" SHIM "/a.so", "/" SHIM "/a.so");
}

static void an_empty_environment(void **state)
{
	(void)state;
	char *env[] = {NULL};
	inherit_drop(env);
	assert_null(env[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(alone),
		TEST(among_others),
		TEST(others_stay),
		TEST(an_empty_environment),
	};
	return RUN_TESTS(tests);
}
