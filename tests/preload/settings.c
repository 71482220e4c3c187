/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "leak.h"
#include "preload/settings.h"

static struct settings parse(const char *entry)
{
	struct settings s;
	static char text[128];
	char *env[] = {(char[]){"PATH=/bin"}, entry ? text : NULL, NULL};
	if (entry)
		strcpy(text, entry);
	memset(&s, 0x5a, sizeof s);
	settings_parse(&s, env);
	return s;
}

static void assert_defaults(const struct settings *s)
{
	assert_int_equal(s->fork, FORK_RESCUE);
	assert_int_equal(s->min_bytes, 64 << 20);
	assert_true(s->inherit);
	assert_null(s->report);
}

static void nothing_set_is_the_default(void **state)
{
	(void)state;
	struct settings s = parse(NULL);
	assert_defaults(&s);
	settings_parse(&s, NULL);
	assert_defaults(&s);
}

static void fork_modes(void **state)
{
	(void)state;
	assert_int_equal(parse("SAFESPAWN_FORK=rescue").fork, FORK_RESCUE);
	assert_int_equal(parse("SAFESPAWN_FORK=lean").fork, FORK_LEAN);
	assert_int_equal(parse("SAFESPAWN_FORK=off").fork, FORK_OFF);
}

static void wrong_values_count_as_not_set(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"SAFESPAWN_FORK=",
		"SAFESPAWN_FORK=Lean",
		"SAFESPAWN_FORK=lean ",
		"SAFESPAWN_FORKS=lean",
		"XSAFESPAWN_FORK=lean",
		"SAFESPAWN_FORK",
		"SAFESPAWN_MIN=",
		"SAFESPAWN_MIN=-1",
		"SAFESPAWN_MIN=1T",
		"SAFESPAWN_MIN=12MB",
		"SAFESPAWN_MIN=0x10",
		"SAFESPAWN_MIN= 1",
		"SAFESPAWN_MIN=M",
		"SAFESPAWN_MIN=18446744073709551616",
		"SAFESPAWN_MIN=18446744073709551615K",
		"SAFESPAWN_INHERIT=",
		"SAFESPAWN_INHERIT=no",
		"SAFESPAWN_REPORT=",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct settings s = parse(wrong[i]);
		assert_defaults(&s);
	}
}

static void sizes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t bytes;
	} right[] = {
		{"0", 0},
		{"1", 1},
		{"4096", 4096},
		{"3k", 3 << 10},
		{"3K", 3 << 10},
		{"64m", 64 << 20},
		{"64M", 64 << 20},
		{"2g", UINT64_C(2) << 30},
		{"2G", UINT64_C(2) << 30},
		{"18446744073709551615", UINT64_MAX},
		{"17179869183G", UINT64_C(17179869183) << 30},
	};
	for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
		uint64_t bytes = 7;
		assert_true(settings_parse_size(&bytes, right[i].text));
		assert_int_equal(bytes, right[i].bytes);
	}
	uint64_t untouched = 7;
	assert_false(settings_parse_size(&untouched, "17179869184G"));
	assert_int_equal(untouched, 7);
	assert_int_equal(parse("SAFESPAWN_MIN=1M").min_bytes, 1 << 20);
}

static void inherit_and_report(void **state)
{
	(void)state;
	assert_false(parse("SAFESPAWN_INHERIT=0").inherit);
	assert_true(parse("SAFESPAWN_INHERIT=1").inherit);
	assert_string_equal(parse("SAFESPAWN_REPORT=/tmp/a b").report, "/tmp/a b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_set_is_the_default),
		TEST(fork_modes),
		TEST(wrong_values_count_as_not_set),
		TEST(sizes),
		TEST(inherit_and_report),
	};
	return RUN_TESTS(tests);
}
