/* SPDX-License-Identifier: MIT */
/* options.user: the account by name. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"

#define RESULT                                                                                     \
	{                                                                                          \
		.size = sizeof(struct ss_result)                                                   \
	}

static void need_root(void)
{
	needs_clone();
	if (geteuid() != 0)
		skip();
}

static int compare(const void *a, const void *b)
{
	return (*(const gid_t *)a > *(const gid_t *)b) - (*(const gid_t *)a < *(const gid_t *)b);
}

/* "UID GID GROUP...", the groups sorted. */
static void expect(const char *name, char *text, size_t size)
{
	gid_t groups[256];
	int n = 256, len;
	const struct passwd *entry = getpwnam(name);
	assert_non_null(entry);
	assert_true(getgrouplist(name, entry->pw_gid, groups, &n) > 0);
	qsort(groups, (size_t)n, sizeof *groups, compare);
	len = snprintf(text, size, "%d %d", (int)entry->pw_uid, (int)entry->pw_gid);
	for (int i = 0; i < n; i++)
		len += snprintf(text + len, size - (size_t)len, " %d", (int)groups[i]);
}

#define SHOW                                                                                       \
	ARGV("sh", "-c", "echo $(id -u) $(id -g) $(id -G | tr ' ' '\\n' | sort -n | tr '\\n' ' ')")

static void assert_is(const char *name, const char *output)
{
	char expected[4096];
	expect(name, expected, sizeof expected);
	strcat(expected, "\n");
	assert_string_equal(output, expected);
}

static const char *const names[] = {"nobody", "daemon", "man", "root"};

static void it_gets_uid_gid_and_groups(void **unused)
{
	(void)unused;
	need_root();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct ss_result result = RESULT;
		struct ss_child child;
		char text[4096];
		if (!getpwnam(names[i]))
			continue;
		assert_int_equal(ss_run(SHOW, SS_OPTIONS(.user = names[i]), NULL, &result), 0);
		assert_is(names[i], result.out);
		ss_result_free(&result);
		start(&child, SHOW, OPTIONS(.user = names[i], .out = SS_PIPE));
		read_all(child.out, text, sizeof text);
		assert_is(names[i], text);
		assert_int_equal(ss_wait(&child, NULL, -1), 0);
		ss_release(&child);
	}
	assert_int_equal(geteuid(), 0);
}

static void a_line_of_programs_gets_them_too(void **unused)
{
	(void)unused;
	need_root();
	char *const *const line[] = {ARGV("id", "-un"), ARGV("sh", "-c", "cat; id -un")};
	struct ss_result results[2] = {RESULT, RESULT};
	assert_int_equal(ss_run_pipeline(line, 2, SS_OPTIONS(.user = "nobody"), NULL, results), 0);
	assert_string_equal(results[1].out, "nobody\nnobody\n");
	ss_result_free(&results[0]);
	ss_result_free(&results[1]);
	struct ss_child children[2];
	char text[64];
	assert_int_equal(
		ss_pipeline(children, line, 2, SS_OPTIONS(.user = "nobody", .out = SS_PIPE)), 0);
	read_all(children[1].out, text, sizeof text);
	assert_string_equal(text, "nobody\nnobody\n");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ss_wait(&children[i], NULL, -1), 0);
		ss_release(&children[i]);
	}
}

/* In a static program the account comes from the files. */
static void a_static_program_finds_the_same(void **unused)
{
	(void)unused;
	need_root();
	const char *program = getenv("RUN_AS");
	if (!program)
		skip();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct ss_result result = RESULT;
		if (!getpwnam(names[i]))
			continue;
		assert_int_equal(ss_run(ARGV(program, names[i]), NULL, NULL, &result), 0);
		assert_int_equal(result.status, 0);
		assert_is(names[i], result.out);
		ss_result_free(&result);
	}
	struct ss_result result = RESULT;
	assert_int_equal(ss_run(ARGV(program, "no-such-user"), NULL, NULL, &result), 0);
	assert_int_equal(result.status, 1 << 8);
	assert_string_equal(result.err, "user: No such file or directory\n");
	ss_result_free(&result);
}

static void an_account_that_is_not_there_is_a_failure_of_user(void **unused)
{
	(void)unused;
	struct ss_child child;
	struct ss_failure failure;
	char *const *const line[] = {ARGV("true")};
	for (int way = 0; way < 4; way++) {
		const struct ss_options *options =
			SS_OPTIONS(.user = "no-such-user", .failure = &failure);
		memset(&failure, 0, sizeof failure);
		errno = 0;
		int r = way == 0   ? ss_spawn(&child, ARGV("true"), options)
			: way == 1 ? ss_run(ARGV("true"), options, NULL, NULL)
			: way == 2 ? ss_pipeline(&child, line, 1, options)
				   : ss_run_pipeline(line, 1, options, NULL, NULL);
		assert_int_equal(r, -1);
		assert_int_equal(errno, ENOENT);
		assert_int_equal(failure.error, ENOENT);
		assert_int_equal(failure.stage, SS_STAGE_USER);
	}
}

static void ids_beside_it_are_refused(void **unused)
{
	(void)unused;
	struct ss_child child;
	struct ss_failure failure;
	assert_int_equal(ss_spawn(&child, ARGV("true"),
				 SS_OPTIONS(.user = "nobody", .flags = SS_SET_GID, .gid = 5,
					 .failure = &failure)),
		-1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(failure.stage, SS_STAGE_OPTIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_gets_uid_gid_and_groups),
		TEST(a_line_of_programs_gets_them_too),
		TEST(a_static_program_finds_the_same),
		TEST(an_account_that_is_not_there_is_a_failure_of_user),
		TEST(ids_beside_it_are_refused),
	};
	return RUN_TESTS(tests);
}
