/* SPDX-License-Identifier: MIT */
/* Which paths are tried for a program, and in which order. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "engine/path.h"
#include "leak.h"

/* The candidates, each followed by a newline. In memory of exactly the size that was asked for. */
static char *candidates(const char *file, const char *path)
{
	size_t size = ss__path_candidates_size(file, path);
	char *list = malloc(size), *text = malloc(size);
	assert_non_null(list);
	assert_non_null(text);
	memset(list, 0x5a, size);
	ss__path_candidates(list, file, path);
	assert_int_equal(list[size - 1], '\0');
	size_t at = 0;
	while (list[at]) {
		size_t len = strlen(list + at);
		memcpy(text + at, list + at, len);
		text[at + len] = '\n';
		at += len + 1;
		assert_true(at < size);
	}
	assert_int_equal(at + 1, size);
	text[at] = '\0';
	free(list);
	return text;
}

static void assert_candidates(const char *file, const char *path, const char *expected)
{
	char *text = candidates(file, path);
	assert_string_equal(text, expected);
	free(text);
}

static void without_a_list_it_is_the_file_alone(void **unused)
{
	(void)unused;
	assert_candidates("/bin/ls", NULL, "/bin/ls\n");
	assert_candidates("ls", NULL, "ls\n");
	assert_candidates("../ls", NULL, "../ls\n");
	assert_candidates("-c", NULL, "./-c\n");
	assert_candidates("-x/ls", NULL, "./-x/ls\n");
}

static void elements_in_their_order(void **unused)
{
	(void)unused;
	assert_candidates("ls", "/bin", "/bin/ls\n");
	assert_candidates("ls", "/a:/b:c", "/a/ls\n/b/ls\nc/ls\n");
	assert_candidates("ls", "/a:/a", "/a/ls\n/a/ls\n");
}

static void a_slash_at_the_end_is_not_doubled(void **unused)
{
	(void)unused;
	assert_candidates("ls", "/a/:/", "/a/ls\n/ls\n");
}

/* With "./" a name like "-c" is no option of the interpreter that is given it. */
static void an_empty_element_is_the_current_directory(void **unused)
{
	(void)unused;
	assert_candidates("ls", "", "./ls\n");
	assert_candidates("ls", ":", "./ls\n./ls\n");
	assert_candidates("ls", ":/a", "./ls\n/a/ls\n");
	assert_candidates("ls", "/a:", "/a/ls\n./ls\n");
	assert_candidates("ls", "/a::/b", "/a/ls\n./ls\n/b/ls\n");
	assert_candidates("-c", ":", "./-c\n./-c\n");
	assert_candidates("ls", ".", "./ls\n");
}

static void an_element_like_an_option_is_none_either(void **unused)
{
	(void)unused;
	assert_candidates("ls", "-x", "./-x/ls\n");
	assert_candidates("ls", "/a:-:-x/", "/a/ls\n./-/ls\n./-x/ls\n");
	assert_candidates("-c", "-x:/a", "./-x/-c\n/a/-c\n");
}

static void an_empty_file_is_nowhere(void **unused)
{
	(void)unused;
	assert_candidates("", "/bin:/usr/bin", "");
	assert_candidates("", "", "");
	assert_candidates("", NULL, "");
}

/* Left out with its separator: an empty element would be the current directory. */
static void an_element_that_is_too_long_is_not_there(void **unused)
{
	(void)unused;
	static char path[3 * PATH_MAX], expected[2 * PATH_MAX];
	char *text;
	memset(path, 'x', PATH_MAX);
	path[0] = '/';
	assert_candidates("ls", path, "");
	strcpy(path + PATH_MAX, ":/a");
	assert_candidates("ls", path, "/a/ls\n");
	strcpy(path, "/a:");
	memset(path + 3, 'x', PATH_MAX);
	path[3 + PATH_MAX] = '\0';
	assert_candidates("ls", path, "/a/ls\n");
	strcpy(path + 3 + PATH_MAX, ":/b");
	assert_candidates("ls", path, "/a/ls\n/b/ls\n");
	/* One byte shorter is left to the kernel to judge. */
	memset(path, 'x', PATH_MAX - 1);
	path[PATH_MAX - 1] = '\0';
	text = candidates("ls", path);
	memset(expected, 'x', PATH_MAX - 1);
	strcpy(expected + PATH_MAX - 1, "/ls\n");
	assert_string_equal(text, expected);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_list_it_is_the_file_alone),
		TEST(elements_in_their_order),
		TEST(a_slash_at_the_end_is_not_doubled),
		TEST(an_empty_element_is_the_current_directory),
		TEST(an_element_like_an_option_is_none_either),
		TEST(an_empty_file_is_nowhere),
		TEST(an_element_that_is_too_long_is_not_there),
	};
	return RUN_TESTS(tests);
}
