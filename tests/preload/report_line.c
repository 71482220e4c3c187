/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "leak.h"
#include "preload/report_line.h"
#include "preload/report_target.h"

static char text[REPORT_LINE_MAX + 1];

static size_t format(const struct report_line *line, size_t width)
{
	memset(text, 0x5a, sizeof text);
	size_t len = report_line_format(text, line, width);
	assert_between(len, 1, REPORT_LINE_MAX);
	assert_int_equal(text[len], 0x5a);
	assert_int_equal(text[len - 1], '\n');
	text[len] = '\0';
	return len;
}

static void every_figure_has_its_name(void **state)
{
	(void)state;
	struct report_line line = {.pid = 42,
		.ppid = 41,
		.program = "/usr/bin/perl",
		.ended = true,
		.elapsed_ns = 99,
		.call = 61};
	for (unsigned i = 0; i < REPORT_COUNTS; i++)
		line.counts[i] = i + 1;
	format(&line, 0);
	assert_string_equal(text,
		"{\"safespawn\":1,\"pid\":42,\"ppid\":41,\"program\":\"/usr/bin/perl\","
		"\"ended\":true,"
		"\"calls\":{\"system\":1,\"popen\":2,\"pclose\":3,\"fclose\":4,\"fork\":5,"
		"\"forkpty\":6},"
		"\"done\":{\"spawned\":7,\"native\":8,\"lean\":9,\"rescued\":10,\"failed\":11,"
		"\"restarted\":12},"
		"\"forks_avoided\":26,\"uncharged_bytes\":13,\"chunks\":14,\"fork_ns\":15,"
		"\"elapsed_ns\":99,"
		"\"reasons\":{\"call\":16,\"fault\":17,\"time\":18,\"memory\":19,\"exit\":20,"
		"\"again\":21,\"parent\":22,\"stack\":23,\"small\":24,\"kernel\":25,\"sigsys\":26,"
		"\"foreign\":27,\"busy\":28},\"last_call\":61}\n");
}

static void only_reasons_that_there_were(void **state)
{
	(void)state;
	struct report_line line = {.program = "", .call = -1};
	format(&line, 0);
	assert_non_null(strstr(text, ",\"reasons\":{}}\n"));
	line.counts[REPORT_WHY_MEMORY] = 2;
	line.counts[REPORT_WHY_BUSY] = 1;
	format(&line, 0);
	assert_non_null(strstr(text, ",\"reasons\":{\"memory\":2,\"busy\":1}}\n"));
}

static void the_start_is_that_of_the_line(void **state)
{
	(void)state;
	char start[64];
	struct report_line line = {.pid = 4194304, .program = ""};
	format(&line, 0);
	int len = report_line_start(start, sizeof start, line.pid);
	assert_memory_equal(start, text, (size_t)len);
}

static void filled_up_to_its_width(void **state)
{
	(void)state;
	struct report_line line = {.pid = 1, .program = "x"};
	size_t natural = format(&line, 0);
	assert_int_equal(format(&line, natural + 100), natural + 100);
	assert_int_equal(text[natural + 50], ' ');
	assert_int_equal(text[natural - 2], '}');
	assert_int_equal(format(&line, natural - 10), natural);
	assert_int_equal(format(&line, REPORT_LINE_MAX + 100), REPORT_LINE_MAX);
}

static void names_that_json_cannot_carry_as_they_are(void **state)
{
	(void)state;
	struct report_line line = {.program = "/a\"b\\c\nd\xc3\xa9"};
	format(&line, 0);
	assert_non_null(strstr(text, "\"program\":\"/a\\\"b\\\\c\\u000ad\\u00c3\\u00a9\","));
}

static void the_largest_line_fits(void **state)
{
	(void)state;
	char program[4096];
	struct report_line line = {.pid = -2147483647 - 1,
		.ppid = -2147483647 - 1,
		.elapsed_ns = UINT64_MAX,
		.call = INT64_MAX};

	memset(program, '\n', sizeof program);
	program[sizeof program - 1] = '\0';
	line.program = program;
	memset(line.counts, 0xff, sizeof line.counts);
	format(&line, 0);
	assert_non_null(strstr(text, "\"elapsed_ns\":18446744073709551615,\"reasons\":"));
	assert_non_null(strstr(text, "\"last_call\":9223372036854775807}\n"));
}

static void a_long_name_keeps_its_end(void **state)
{
	(void)state;
	char program[1024];
	struct report_line line = {.program = program};
	memset(program, 'a', sizeof program);
	strcpy(program + sizeof program - 5, "/end");
	format(&line, 0);
	assert_non_null(strstr(text, "aaa/end\",\"ended\":false"));
}

static void targets(void **state)
{
	(void)state;
	assert_string_equal(report_target_parse("/tmp/f").path, "/tmp/f");
	assert_string_equal(report_target_parse("-f").path, "-f");
	assert_string_equal(report_target_parse("-1:2x").path, "-1:2x");
	assert_false(report_target_parse("-1:2x").only_this);
	assert_null(report_target_parse("-").path);
	assert_false(report_target_parse("-").only_this);

	struct stat file = {.st_dev = (dev_t)0xfedcba9876543210, .st_ino = (ino_t)~0};
	char name[64];
	assert_between(report_target_format(name, sizeof name, &file, ""), 1, sizeof name - 1);
	struct report_target target = report_target_parse(name);
	assert_null(target.path);
	assert_true(target.only_this);
	assert_true(report_target_is(&target, &file));

	report_target_format(name, sizeof name, &file, "/dev/fd/3");
	target = report_target_parse(name);
	assert_string_equal(target.path, "/dev/fd/3");
	assert_true(report_target_is(&target, &file));
	file.st_ino--;
	assert_false(report_target_is(&target, &file));
	target = report_target_parse("/tmp/f");
	assert_true(report_target_is(&target, &file));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_figure_has_its_name),
		TEST(only_reasons_that_there_were),
		TEST(the_start_is_that_of_the_line),
		TEST(filled_up_to_its_width),
		TEST(names_that_json_cannot_carry_as_they_are),
		TEST(the_largest_line_fits),
		TEST(a_long_name_keeps_its_end),
		TEST(targets),
	};
	return RUN_TESTS(tests);
}
