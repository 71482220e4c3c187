/* SPDX-License-Identifier: MIT */
/* Which program is run, with which arguments and environment, and in which directory. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "temp_dir.h"

static char *saved_path;

static void set_path(const char *path)
{
	saved_path = strdup(getenv("PATH"));
	assert_int_equal(setenv("PATH", path, 1), 0);
}

static void restore_path(void)
{
	setenv("PATH", saved_path, 1);
	free(saved_path);
}

static int says(char *const argv[], struct ss_options options, char *text, size_t size)
{
	struct ss_child child;
	int status;
	options.out = SS_PIPE;
	if (ss_spawn(&child, argv, &options) < 0)
		return -errno;
	read_all(child.out, text, size);
	assert_int_equal(ss_wait(&child, &status, -1), 0);
	ss_release(&child);
	return status;
}

static void arguments_and_environment_arrive(void **unused)
{
	(void)unused;
	struct state state;
	struct ss_child child;
	char *const env[] = {(char[]){"A=1"}, (char[]){"B="}, NULL};
	assert_int_equal(ss_spawn(&child, ARGV("zero", "1", "", "two words"),
				 SS_OPTIONS(.file = victim("STATE"), .env = env, .out = SS_PIPE)),
		0);
	state_read(&state, &child, child.out);
	assert_state(&state, "arg0", "zero");
	assert_state(&state, "arg2", "");
	assert_state(&state, "arg3", "two words");
	assert_null(state_get(&state, "arg4"));
	/* In any order, because qemu changes it. */
	const char *first = state_get(&state, "env0"), *second = state_get(&state, "env1");
	assert_non_null(second);
	assert_true(!strcmp(first, "A=1") || !strcmp(second, "A=1"));
	assert_true(!strcmp(first, "B=") || !strcmp(second, "B="));
	assert_null(state_get(&state, "env2"));
}

static void path_is_searched_in_the_callers_own(void **unused)
{
	(void)unused;
	struct temp_dir dir;
	char text[64], path[PATH_MAX];
	char *const env[] = {(char[]){"PATH=/nonexistent"}, NULL};
	temp_dir_make(&dir);
	temp_dir_write(&dir, "ss-hello", "#!/bin/sh\necho hello\n", 0755);
	temp_dir_path(&dir, ".", path);
	set_path(path);
	int status = says(ARGV("ss-hello"), OPTIONS(.env = env), text, sizeof text);
	restore_path();
	assert_int_equal(status, 0);
	assert_string_equal(text, "hello\n");
	temp_dir_remove(&dir);
}

static void no_path_takes_the_name_as_a_path(void **unused)
{
	(void)unused;
	assert_fails(ARGV("sh", "-c", ":"), OPTIONS(.flags = SS_NO_PATH), SS_STAGE_EXEC, ENOENT);
	char text[64];
	assert_int_equal(says(ARGV("sh", "-c", "pwd"), OPTIONS(.flags = SS_NO_PATH, .cwd = "/bin"),
				 text, sizeof text),
		0);
}

static void without_path_there_is_a_default(void **unused)
{
	(void)unused;
	set_path("");
	unsetenv("PATH");
	int status = run_to_end(ARGV("true"), OPTIONS(.flags = 0));
	restore_path();
	assert_int_equal(status, 0);
}

/* Rule 14. */
static void search_goes_on_past_what_is_not_there(void **unused)
{
	(void)unused;
	struct temp_dir dir;
	char text[64], path[PATH_MAX], list[3 * PATH_MAX];
	temp_dir_make(&dir);
	temp_dir_write(&dir, "file", "", 0644);
	temp_dir_write(&dir, "denied/ss-hello", "", 0644);
	temp_dir_write(&dir, "good/ss-hello", "#!/bin/sh\necho $0\n", 0755);
	temp_dir_path(&dir, "good/ss-hello", path);
	snprintf(list, sizeof list, "/nonexistent:%s/file:%s/denied:%s/good", dir.path, dir.path,
		dir.path);
	set_path(list);
	int status = says(ARGV("ss-hello"), OPTIONS(.flags = 0), text, sizeof text);
	restore_path();
	assert_int_equal(status, 0);
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, path);

	snprintf(list, sizeof list, "%s/denied:/nonexistent", dir.path);
	set_path(list);
	assert_fails(ARGV("ss-hello"), OPTIONS(.flags = 0), SS_STAGE_EXEC, EACCES);
	assert_fails(ARGV("ss-none"), OPTIONS(.flags = 0), SS_STAGE_EXEC, ENOENT);
	restore_path();
	temp_dir_remove(&dir);
}

static void an_empty_element_is_the_childs_directory(void **unused)
{
	(void)unused;
	static const char *const lists[] = {"", ":/nonexistent", "/nonexistent:", "/x::/y"};
	struct temp_dir dir;
	char text[64];
	temp_dir_make(&dir);
	temp_dir_write(&dir, "-hello", "#!/bin/sh\necho hello\n", 0755);
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		set_path(lists[i]);
		int status = says(ARGV("-hello"), OPTIONS(.cwd = dir.path), text, sizeof text);
		restore_path();
		assert_int_equal(status, 0);
		assert_string_equal(text, "hello\n");
	}
	temp_dir_remove(&dir);
}

static void a_candidate_too_long_is_not_there(void **unused)
{
	(void)unused;
	char list[PATH_MAX + 64];
	memset(list, 'x', sizeof list);
	for (int i = 0; i < PATH_MAX - 2; i += 200)
		list[i] = '/';
	strcpy(list + PATH_MAX - 2, ":/bin:/usr/bin");
	set_path(list);
	int status = run_to_end(ARGV("true"), OPTIONS(.flags = 0));
	restore_path();
	assert_int_equal(status, 0);
}

static void a_name_like_an_option_is_none_to_the_shell(void **unused)
{
	(void)unused;
	struct temp_dir dir;
	char text[64];
	temp_dir_make(&dir);
	temp_dir_write(&dir, "-n", "echo ran\n", 0755);
	assert_int_equal(
		says(ARGV("-n"), OPTIONS(.cwd = dir.path, .flags = SS_NO_PATH | SS_SHELL_FALLBACK),
			text, sizeof text),
		0);
	assert_string_equal(text, "ran\n");
	temp_dir_remove(&dir);
}

/* Rule 14: libc's own functions would look into the current directory then. */
static void an_overlong_element_is_not_the_current_directory(void **unused)
{
	(void)unused;
	struct temp_dir dir;
	char list[PATH_MAX + 16];
	temp_dir_make(&dir);
	temp_dir_write(&dir, "ss-trap", "#!/bin/sh\necho trapped\n", 0755);
	memset(list, 'x', PATH_MAX);
	strcpy(list + PATH_MAX, ":/nonexistent");
	set_path(list);
	assert_fails(ARGV("ss-trap"), OPTIONS(.cwd = dir.path), SS_STAGE_EXEC, ENOENT);
	list[PATH_MAX] = '\0';
	setenv("PATH", list, 1);
	assert_fails(ARGV("ss-trap"), OPTIONS(.cwd = dir.path), SS_STAGE_EXEC, ENOENT);
	restore_path();
	temp_dir_remove(&dir);
}

static void a_relative_program_is_relative_to_cwd(void **unused)
{
	(void)unused;
	char text[64];
	assert_int_equal(
		says(ARGV("./sh", "-c", "pwd"), OPTIONS(.cwd = "/bin"), text, sizeof text), 0);
	struct state state;
	state_of(&state, OPTIONS(.cwd = "/tmp"));
	assert_state(&state, "cwd", "/tmp");
}

/* Rule 15. */
static void without_interpreter_line_only_the_fallback_runs_it(void **unused)
{
	(void)unused;
	struct temp_dir dir;
	char text[64], path[PATH_MAX];
	temp_dir_make(&dir);
	temp_dir_write(&dir, "script", "echo \"$#:$1:$2\"\n", 0755);
	temp_dir_path(&dir, "script", path);
	assert_fails(ARGV(path, "a b"), OPTIONS(.flags = 0), SS_STAGE_EXEC, ENOEXEC);
	assert_int_equal(says(ARGV(path, "a b", "c"), OPTIONS(.flags = SS_SHELL_FALLBACK), text,
				 sizeof text),
		0);
	assert_string_equal(text, "2:a b:c\n");
	assert_int_equal(
		says(ARGV(path), OPTIONS(.flags = SS_SHELL_FALLBACK), text, sizeof text), 0);
	assert_string_equal(text, "0::\n");
	temp_dir_remove(&dir);
}

static void what_exec_refuses_is_reported(void **unused)
{
	(void)unused;
	assert_fails(ARGV(""), OPTIONS(.flags = 0), SS_STAGE_EXEC, ENOENT);
	assert_fails(ARGV("/"), OPTIONS(.flags = 0), SS_STAGE_EXEC, EACCES);
	assert_fails(ARGV("/dev/null/x"), OPTIONS(.flags = 0), SS_STAGE_EXEC, ENOTDIR);
	assert_fails(ARGV("true"), OPTIONS(.file = "/nonexistent"), SS_STAGE_EXEC, ENOENT);
}

static void an_argument_that_is_too_long_is_refused(void **unused)
{
	(void)unused;
	/* valgrind cannot return from an exec that it has begun. */
	needs_shared_memory();
	char *huge = malloc(200000);
	memset(huge, 'a', 199999);
	huge[199999] = '\0';
	assert_fails(ARGV("true", huge), OPTIONS(.flags = 0), SS_STAGE_EXEC, E2BIG);
	free(huge);
}

static void a_long_argument_list_arrives(void **unused)
{
	(void)unused;
	enum { MANY = 20000 };
	const char **argv = calloc(MANY + 1, sizeof *argv);
	char text[64];
	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = "echo $#";
	for (int i = 3; i < MANY; i++)
		argv[i] = "x";
	assert_int_equal(says((char *const *)(uintptr_t)argv, OPTIONS(.flags = SS_SHELL_FALLBACK),
				 text, sizeof text),
		0);
	assert_string_equal(text, "19996\n");
	free(argv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(arguments_and_environment_arrive),
		TEST(path_is_searched_in_the_callers_own),
		TEST(no_path_takes_the_name_as_a_path),
		TEST(without_path_there_is_a_default),
		TEST(search_goes_on_past_what_is_not_there),
		TEST(an_empty_element_is_the_childs_directory),
		TEST(a_candidate_too_long_is_not_there),
		TEST(a_name_like_an_option_is_none_to_the_shell),
		TEST(an_overlong_element_is_not_the_current_directory),
		TEST(a_relative_program_is_relative_to_cwd),
		TEST(without_interpreter_line_only_the_fallback_runs_it),
		TEST(what_exec_refuses_is_reported),
		TEST(an_argument_that_is_too_long_is_refused),
		TEST(a_long_argument_list_arrives),
	};
	return RUN_TESTS(tests);
}
