/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "leak.h"

static const char *safespawn, *shim, *print_env, *exec_args, *pty_probe, *linked, *other;
static struct captured natively, got;

/* The same natively and under the shim, in each mode, whatever the size that counts as large. */
static void assert_same(const char *const argv[], const char *const changes[])
{
	static const char *const modes[] = {"--fork=rescue", "--fork=lean", "--fork=off"};
	const char *with[16] = {safespawn, "run", NULL};

	capture(&natively, argv, changes);
	for (size_t i = 0; argv[i]; i++)
		with[i + 3] = argv[i];
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		with[2] = modes[i];
		capture(&got, with, changes);
		assert_string_equal(natively.err, got.err);
		assert_string_equal(natively.out, got.out);
		assert_int_equal(natively.status, got.status);
	}
}

static void forkpty_is_as_libcs(void **state)
{
	(void)state;
	assert_same((const char *const[]){pty_probe, NULL}, NULL);
	assert_contains(got.out, "size 11 22\n");
	assert_contains(got.out, "leader 1 foreground 1");
	assert_contains(got.out, "error Too many open files, master -1\n");
}

static void a_program_that_is_linked_with_the_library(void **state)
{
	(void)state;
	assert_same((const char *const[]){linked, NULL}, NULL);
	assert_string_equal(got.err, "");
	assert_contains(got.out, "fork 0x600\n");
}

static void commands_in_handlers_for_fork(void **state)
{
	(void)state;
	assert_same((const char *const[]){getenv("ATFORK"), NULL}, NULL);
	assert_contains(got.out, "prepared 0x300, child 0x700\n");
	assert_contains(got.out, "closed 0x600\n");
	assert_same((const char *const[]){getenv("ATFORK"), NULL}, CHANGES("SAFESPAWN_MIN=0"));
}

static void nothing_waits_for_ever_in_fork(void **state)
{
	(void)state;
	assert_same((const char *const[]){getenv("FORK_WAITS"), NULL}, NULL);
	assert_contains(got.out, "handlers done\n");
}

static void preload(const char *first, const char *second, const char *const argv[])
{
	char change[8192];
	snprintf(change, sizeof change, "LD_PRELOAD=%s:%s", first, second);
	capture(&got, argv, CHANGES(change, "OTHER_DONE"));
}

/* Constructors that run before the shim's are served, too. */
static void assert_beside(
	const char *first, const char *second, const char *early, const char *later)
{
	const char *const argv[] = {linked, NULL};
	capture(&natively, argv, NULL);
	preload(first, second, argv);
	assert_exited(&got, 0);
	assert_string_equal(got.out, natively.out);
	assert_memory_equal(got.err, early, strlen(early));
	assert_string_equal(got.err + strlen(early), later);
}

/* The launcher puts the shim last: the other one sees each call, and the shim does it. */
static void behind_another_preload(void **state)
{
	(void)state;
	assert_beside(
		other, shim, "other system\nother fork\nearly\n", "other system\nother fork\n");
}

/* The shim does what it does itself, and passes on what it does not. */
static void before_another_preload(void **state)
{
	(void)state;
	assert_beside(shim, other, "other fork\nearly\n", "other fork\n");
}

/* What libc does inside is seen by nobody. */
static void behind_a_preload_that_locks(void **state)
{
	(void)state;
	const char *const argv[] = {getenv("CALL_AND_END"), "pcyf", "return", NULL};
	preload(getenv("LOCKING_PRELOAD"), shim, argv);
	assert_exited(&got, 7);
	assert_string_equal(got.err, "");
}

static void a_command_with_another_libc_is_left_to_it(void **state)
{
	(void)state;
	char change[4200];
	const char *const argv[] = {getenv("CALL_AND_END_MUSL"), "spcfyx", "return", NULL};
	if (!argv[0])
		skip();
	snprintf(change, sizeof change, "LD_PRELOAD=%s", shim);
	for (size_t i = 0; i < 2; i++) {
		capture(&got, argv, CHANGES(change, i ? "SAFESPAWN_REPORT=-" : "SAFESPAWN_REPORT"));
		assert_exited(&got, 7);
		assert_string_equal(got.err, "");
	}
}

static void not_passed_on_when_so_wished(void **state)
{
	(void)state;
	char both[8192];
	const char *const argv[] = {safespawn, "run", exec_args, print_env, "LD_PRELOAD", NULL};
	capture(&got, argv, CHANGES("LD_PRELOAD", "SAFESPAWN_INHERIT=0"));
	assert_exited(&got, 0);
	assert_string_equal(got.out, "LD_PRELOAD\n");
	snprintf(both, sizeof both, "LD_PRELOAD=%s", other);
	capture(&got, argv, CHANGES(both, "SAFESPAWN_INHERIT=0", "OTHER_DONE=1"));
	assert_exited(&got, 0);
	assert_contains(got.out, both);
	assert_null(strstr(got.out, "safespawn_preload"));
}

static void what_is_not_understood_is_ignored_in_silence(void **state)
{
	(void)state;
	const char *const argv[] = {safespawn, "run", linked, NULL};
	capture(&natively, (const char *const[]){linked, NULL}, NULL);
	capture(&got, argv, CHANGES("SAFESPAWN_FORK=x", "SAFESPAWN_MIN=y", "SAFESPAWN_INHERIT=z"));
	assert_exited(&got, 0);
	assert_string_equal(got.out, natively.out);
	assert_string_equal(got.err, "");
}

int main(void)
{
	safespawn = getenv("SAFESPAWN");
	shim = getenv("SHIM");
	print_env = getenv("PRINT_ENV");
	exec_args = getenv("EXEC_ARGS");
	pty_probe = getenv("PTY_PROBE");
	linked = getenv("LINKED");
	other = getenv("OTHER_PRELOAD");
	unsetenv("LD_PRELOAD");
	const struct CMUnitTest tests[] = {
		TEST(forkpty_is_as_libcs),
		TEST(a_program_that_is_linked_with_the_library),
		TEST(commands_in_handlers_for_fork),
		TEST(nothing_waits_for_ever_in_fork),
		TEST(behind_another_preload),
		TEST(before_another_preload),
		TEST(behind_a_preload_that_locks),
		TEST(a_command_with_another_libc_is_left_to_it),
		TEST(not_passed_on_when_so_wished),
		TEST(what_is_not_understood_is_ignored_in_silence),
	};
	return RUN_TESTS(tests);
}
