/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "cli/elf_facts.h"
#include "leak.h"
#include "temp_dir.h"

static const char *safespawn, *shim, *print_env, *exec_args, *exec_args_static, *nothing_static;
static struct captured got;

static void assert_one_line(const char *text)
{
	const char *end = strchr(text, '\n');
	assert_true(end && end > text && !end[1]);
	assert_memory_equal(text, "safespawn: ", strlen("safespawn: "));
}

/* safespawn itself failed: one line that says so, and nothing was run. */
static void assert_refused(const char *part)
{
	assert_exited(&got, 125);
	assert_string_equal(got.out, "");
	assert_one_line(got.err);
	assert_contains(got.err, part);
}

static void assert_quiet(const char *out)
{
	assert_exited(&got, 0);
	assert_string_equal(got.err, "");
	assert_string_equal(got.out, out);
}

static void the_status_is_the_programs(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", "sh", "-c", "exit 0");
	assert_quiet("");
	CAPTURE(&got, safespawn, "run", "sh", "-c", "exit 125");
	assert_exited(&got, 125);
	assert_string_equal(got.err, "");
	CAPTURE(&got, safespawn, "run", "sh", "-c", "kill -9 $$");
	assert_true(WIFSIGNALED(got.status) && WTERMSIG(got.status) == SIGKILL);
}

static void options_end_at_the_program(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", "echo", "--fork=lean", "-x", "--", "y");
	assert_quiet("--fork=lean -x -- y\n");
	CAPTURE(&got, safespawn, "run", "--fork=lean", "--", "echo", "--", "y");
	assert_quiet("-- y\n");
	CAPTURE(&got, safespawn, "run", "--fork", "off", "echo", "y");
	assert_quiet("y\n");
}

static void wrong_usage_is_125(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run");
	assert_refused("no program");
	CAPTURE(&got, safespawn, "run", "--");
	assert_refused("no program");
	CAPTURE(&got, safespawn, "run", "--frok=lean", "echo");
	assert_refused("unknown option '--frok=lean'");
	CAPTURE(&got, safespawn, "run", "-xy", "echo");
	assert_refused("unknown option '-x'");
	CAPTURE(&got, safespawn, "run", "--fork=Lean", "echo");
	assert_refused("'Lean'");
	CAPTURE(&got, safespawn, "run", "--fork");
	assert_refused("--fork");
	CAPTURE(&got, safespawn, "run", "--report=", "echo");
	assert_refused("--report=");
	CAPTURE(&got, safespawn, "run", "--report=/nonexistent/x", "echo");
	assert_refused("/nonexistent/x");
	CAPTURE(&got, safespawn, "runs", "echo");
	assert_refused("unknown command 'runs'");
	CAPTURE(&got, safespawn, "--what");
	assert_refused("unknown option '--what'");
	CAPTURE(&got, safespawn);
	assert_exited(&got, 125);
	assert_contains(got.err, "Usage:");
}

static void help_and_version(void **state)
{
	(void)state;
	static const char *const asked[][2] = {
		{"--help"}, {"help"}, {"run", "--help"}, {"run", "-h"}, {"demo", "--help"}};
	for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
		CAPTURE(&got, safespawn, asked[i][0], asked[i][1]);
		assert_exited(&got, 0);
		assert_memory_equal(got.out, "Usage: safespawn run", 20);
		assert_string_equal(got.err, "");
	}
	CAPTURE(&got, safespawn, "run", "echo", "-h");
	assert_quiet("-h\n");
	CAPTURE(&got, safespawn, "--version");
	assert_quiet("safespawn " VERSION "\n");
	CAPTURE(&got, "sh", "-c", "exec \"$0\" --version >/dev/full", safespawn);
	assert_refused("standard output");
}

static void what_cannot_be_run_is_126(void **state)
{
	(void)state;
	struct temp_dir dir;
	char path[PATH_MAX];
	temp_dir_make(&dir);
	temp_dir_write(&dir, "plain", "", 0644);
	temp_dir_path(&dir, "plain", path);
	CAPTURE(&got, safespawn, "run", path);
	assert_exited(&got, 126);
	assert_one_line(got.err);
	assert_contains(got.err, "Permission denied");
	CAPTURE(&got, safespawn, "run", "/");
	assert_exited(&got, 126);
	assert_one_line(got.err);
	temp_dir_remove(&dir);
}

static void what_is_not_there_is_127(void **state)
{
	(void)state;
	static const char *const missing[] = {
		"no-such-program", "/nonexistent/x", "/dev/null/x", ""};
	for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
		CAPTURE(&got, safespawn, "run", missing[i]);
		assert_exited(&got, 127);
		assert_one_line(got.err);
		assert_contains(got.err, missing[i]);
	}
}

static void a_missing_interpreter_is_named(void **state)
{
	(void)state;
	struct temp_dir dir;
	char path[PATH_MAX], text[PATH_MAX + 16];
	temp_dir_make(&dir);
	temp_dir_write(&dir, "script", "#! /nonexistent/interpreter -x\n", 0755);
	temp_dir_path(&dir, "script", path);
	CAPTURE(&got, safespawn, "run", path);
	assert_exited(&got, 127);
	assert_one_line(got.err);
	assert_contains(got.err, "its interpreter /nonexistent/interpreter: No such file");
	snprintf(text, sizeof text, "#!%s\n", path);
	temp_dir_write(&dir, "script2", text, 0755);
	temp_dir_path(&dir, "script2", path);
	CAPTURE(&got, safespawn, "run", path);
	assert_exited(&got, 127);
	assert_contains(got.err, "its interpreter /nonexistent/interpreter: No such file");
	temp_dir_remove(&dir);
}

static void the_shim_is_added_to_what_is_preloaded(void **state)
{
	(void)state;
	char expected[2 * PATH_MAX];
	const char *argv[] = {safespawn, "run", print_env, "LD_PRELOAD", NULL};

	capture(&got, argv, CHANGES("LD_PRELOAD"));
	snprintf(expected, sizeof expected, "LD_PRELOAD=%s\n", shim);
	assert_quiet(expected);
	capture(&got, argv, CHANGES("LD_PRELOAD=libc.so.6"));
	snprintf(expected, sizeof expected, "LD_PRELOAD=libc.so.6:%s\n", shim);
	assert_quiet(expected);
}

static void run_within_run_adds_it_once(void **state)
{
	(void)state;
	char expected[2 * PATH_MAX];
	snprintf(expected, sizeof expected, "LD_PRELOAD=%s\n", shim);
	CAPTURE(&got, safespawn, "run", safespawn, "run", print_env, "LD_PRELOAD");
	assert_quiet(expected);
}

static void options_become_settings(void **state)
{
	(void)state;
	char expected[PATH_MAX + 64];
	struct temp_dir dir;
	const char *names[] = {"SAFESPAWN_FORK", "SAFESPAWN_REPORT"};

	CAPTURE(&got, safespawn, "run", print_env, names[0], names[1]);
	assert_quiet("SAFESPAWN_FORK\nSAFESPAWN_REPORT\n");
	temp_dir_make(&dir);
	CAPTURE(&got, "sh", "-c", "cd \"$0\" && exec \"$@\"", dir.path, safespawn, "run",
		"--fork=lean", "--report=x", print_env, names[0], names[1]);
	snprintf(expected, sizeof expected, "SAFESPAWN_FORK=lean\nSAFESPAWN_REPORT=%s/x\n",
		dir.path);
	assert_quiet(expected);
	temp_dir_remove(&dir);
	CAPTURE(&got, safespawn, "run", "--report=-", print_env, names[1]);
	assert_contains(got.out, "SAFESPAWN_REPORT=-\n");
	assert_memory_equal(got.err, "{\"safespawn\":1,", 15);
}

static void the_environments_settings_are_kept(void **state)
{
	(void)state;
	const char *argv[] = {safespawn, "run", print_env, "SAFESPAWN_FORK", NULL};
	capture(&got, argv, CHANGES("SAFESPAWN_FORK=off"));
	assert_quiet("SAFESPAWN_FORK=off\n");
}

static void a_missing_shim_is_125(void **state)
{
	(void)state;
	struct temp_dir dir;
	char path[PATH_MAX];
	if (access(LIBDIR "/libsafespawn_preload.so", F_OK) == 0)
		skip();
	temp_dir_make(&dir);
	temp_dir_copy(&dir, "safespawn", safespawn, 0755);
	temp_dir_path(&dir, "safespawn", path);
	CAPTURE(&got, path, "run", "echo");
	assert_refused("libsafespawn_preload.so");
	temp_dir_remove(&dir);
}

/* Copies both to where they would be installed; the installation may have moved as a whole. */
static void install(const struct temp_dir *dir, const char *prefix, char path[PATH_MAX])
{
	char name[256];
	snprintf(name, sizeof name, "%s/bin/" BIN_TO_LIB "/libsafespawn_preload.so", prefix);
	char to[256];
	snprintf(to, sizeof to, "%s/bin/safespawn", prefix);
	temp_dir_copy(dir, to, safespawn, 0755);
	temp_dir_copy(dir, name, shim, 0644);
	temp_dir_path(dir, to, path);
}

static void the_shim_is_found_beside_an_installed_launcher(void **state)
{
	(void)state;
	struct temp_dir dir;
	char path[PATH_MAX], expected[PATH_MAX];
	if (BIN_TO_LIB[0] == '/')
		skip();
	temp_dir_make(&dir);
	install(&dir, "prefix", path);
	CAPTURE(&got, path, "run", print_env, "LD_PRELOAD");
	assert_exited(&got, 0);
	assert_string_equal(got.err, "");
	snprintf(expected, sizeof expected, "LD_PRELOAD=%s/prefix/", dir.path);
	assert_contains(got.out, expected);
	temp_dir_remove(&dir);
}

static void a_path_that_ld_preload_cannot_carry_is_125(void **state)
{
	(void)state;
	struct temp_dir dir;
	char path[PATH_MAX];
	if (BIN_TO_LIB[0] == '/')
		skip();
	temp_dir_make(&dir);
	install(&dir, "with space", path);
	CAPTURE(&got, path, "run", "echo");
	assert_refused("LD_PRELOAD cannot hold");
	install(&dir, "with:colon", path);
	CAPTURE(&got, path, "run", "echo");
	assert_refused("LD_PRELOAD cannot hold");
	install(&dir, "with$dollar", path);
	CAPTURE(&got, path, "run", "echo");
	assert_refused("LD_PRELOAD cannot hold");
	temp_dir_remove(&dir);
}

/* e_machine, or what is at that place. */
static void change_machine(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\xff\x7f", 2, 18), 2);
	close(fd);
}

static void a_shim_that_cannot_be_loaded_is_125(void **state)
{
	(void)state;
	struct temp_dir dir;
	char path[PATH_MAX], name[] = "prefix/bin/" BIN_TO_LIB "/libsafespawn_preload.so";
	char library[PATH_MAX];
	if (BIN_TO_LIB[0] == '/')
		skip();
	temp_dir_make(&dir);
	install(&dir, "prefix", path);
	temp_dir_path(&dir, name, library);
	change_machine(library);
	CAPTURE(&got, path, "run", "echo");
	assert_refused("not a library for this machine");
	assert_int_equal(truncate(library, 0), 0);
	CAPTURE(&got, path, "run", "echo");
	assert_refused("not a library for this machine");
	assert_int_equal(unlink(library), 0);
	assert_int_equal(mkdir(library, 0755), 0);
	CAPTURE(&got, path, "run", "echo");
	assert_refused("not a library for this machine");
	temp_dir_remove(&dir);
}

static void a_static_program_is_named_and_run(void **state)
{
	(void)state;
	if (!exec_args_static)
		skip();
	CAPTURE(&got, safespawn, "run", exec_args_static);
	assert_exited(&got, 0);
	assert_one_line(got.err);
	assert_contains(got.err, "is statically linked");
}

static void what_a_static_program_starts_is_reached(void **state)
{
	(void)state;
	if (!exec_args_static)
		skip();
	CAPTURE(&got, safespawn, "run", exec_args_static, print_env, "LD_PRELOAD");
	assert_exited(&got, 0);
	assert_contains(got.out, shim);
}

static void a_script_is_what_its_interpreter_is(void **state)
{
	(void)state;
	struct temp_dir dir;
	char path[PATH_MAX], text[PATH_MAX];
	if (!exec_args_static || strlen(exec_args_static) > 120 || strlen(nothing_static) > 120)
		skip();
	temp_dir_make(&dir);
	temp_dir_write(&dir, "dynamic", "#! /bin/sh\nexit 3\n", 0755);
	temp_dir_path(&dir, "dynamic", path);
	CAPTURE(&got, safespawn, "run", path);
	assert_exited(&got, 3);
	assert_string_equal(got.err, "");

	snprintf(text, sizeof text, "#!%s true\n", exec_args_static);
	temp_dir_write(&dir, "static", text, 0755);
	snprintf(text, sizeof text, "PATH=%s:/bin", dir.path);
	capture(&got, (const char *[]){safespawn, "run", "static", NULL}, CHANGES(text));
	assert_contains(got.err, "safespawn: static (");
	assert_contains(got.err, exec_args_static);

	snprintf(text, sizeof text, "#!/usr/bin/env\t%s \n", nothing_static);
	temp_dir_write(&dir, "env", text, 0755);
	temp_dir_path(&dir, "env", path);
	CAPTURE(&got, safespawn, "run", path);
	assert_exited(&got, 0);
	assert_contains(got.err, nothing_static);
	snprintf(text, sizeof text, "#!/usr/bin/env -S %s\n", nothing_static);
	temp_dir_write(&dir, "option", text, 0755);
	temp_dir_path(&dir, "option", path);
	CAPTURE(&got, safespawn, "run", path);
	assert_null(strstr(got.err, "safespawn: "));
	temp_dir_remove(&dir);
}

static void a_set_user_id_program_is_named_and_run(void **state)
{
	(void)state;
	struct temp_dir dir;
	char path[PATH_MAX], run[PATH_MAX], own_shim[PATH_MAX];
	if (getuid() != 0 || BIN_TO_LIB[0] == '/')
		skip();
	temp_dir_make(&dir);
	install(&dir, "prefix", run);
	temp_dir_copy(&dir, "exec", exec_args, 04755);
	temp_dir_copy(&dir, "env", print_env, 0755);
	temp_dir_path(&dir, "exec", path);
	temp_dir_path(&dir, "env", own_shim);
	const char *argv[] = {run, "run", path, own_shim, "LD_PRELOAD", NULL};

	capture_as(&got, 65534, argv, CHANGES("LD_PRELOAD"));
	assert_exited(&got, 0);
	if (strstr(got.out, "=")) { /* a file system without set-user-ID */
		temp_dir_remove(&dir);
		skip();
	}
	assert_one_line(got.err);
	assert_contains(got.err, "gains rights");

	capture(&got, argv, CHANGES("LD_PRELOAD"));
	assert_exited(&got, 0);
	assert_string_equal(got.err, ""); /* its owner gains nothing */
	assert_contains(got.out, "LD_PRELOAD=");
	temp_dir_remove(&dir);
}

static void the_loader_as_a_program_is_no_static_program(void **state)
{
	(void)state;
	struct elf_facts facts;
	int fd = open(print_env, O_RDONLY | O_CLOEXEC);
	assert_true(elf_facts_read(&facts, fd));
	close(fd);
	CAPTURE(&got, safespawn, "run", facts.interp, print_env, "LD_PRELOAD");
	assert_exited(&got, 0);
	assert_string_equal(got.err, "");
	assert_contains(got.out, shim);
}

static void another_machines_program_is_named(void **state)
{
	(void)state;
	struct temp_dir dir;
	char path[PATH_MAX];
	temp_dir_make(&dir);
	temp_dir_copy(&dir, "alien", print_env, 0755);
	temp_dir_path(&dir, "alien", path);
	change_machine(path);
	CAPTURE(&got, safespawn, "run", path);
	assert_contains(got.err, "another architecture");
	assert_true(WEXITSTATUS(got.status) != 0 && WEXITSTATUS(got.status) != 125);
	temp_dir_remove(&dir);
}

int main(void)
{
	safespawn = getenv("SAFESPAWN");
	shim = getenv("SHIM");
	print_env = getenv("PRINT_ENV");
	exec_args = getenv("EXEC_ARGS");
	exec_args_static = getenv("EXEC_ARGS_STATIC");
	nothing_static = getenv("NOTHING");
	unsetenv("LD_PRELOAD");
	const struct CMUnitTest tests[] = {
		TEST(the_status_is_the_programs),
		TEST(options_end_at_the_program),
		TEST(wrong_usage_is_125),
		TEST(help_and_version),
		TEST(what_cannot_be_run_is_126),
		TEST(what_is_not_there_is_127),
		TEST(a_missing_interpreter_is_named),
		TEST(the_shim_is_added_to_what_is_preloaded),
		TEST(run_within_run_adds_it_once),
		TEST(options_become_settings),
		TEST(the_environments_settings_are_kept),
		TEST(a_missing_shim_is_125),
		TEST(the_shim_is_found_beside_an_installed_launcher),
		TEST(a_path_that_ld_preload_cannot_carry_is_125),
		TEST(a_shim_that_cannot_be_loaded_is_125),
		TEST(a_static_program_is_named_and_run),
		TEST(what_a_static_program_starts_is_reached),
		TEST(a_script_is_what_its_interpreter_is),
		TEST(a_set_user_id_program_is_named_and_run),
		TEST(the_loader_as_a_program_is_no_static_program),
		TEST(another_machines_program_is_named),
	};
	return RUN_TESTS(tests);
}
