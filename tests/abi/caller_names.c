/* SPDX-License-Identifier: MIT */
/*
 * Linked with the static library: a caller's own functions keep their names, and the library does not
 * call them. These names were the library's once.
 */
#include <safespawn.h>

#include <stdlib.h>

#include "leak.h"

void shell_argv(char **argv, const char *command);
int read_lines(const char *file);
uint64_t estimate_ns(const void *charge);

static int calls;

void shell_argv(char **argv, const char *command)
{
	(void)argv;
	(void)command;
	calls++;
	abort();
}

int read_lines(const char *file)
{
	calls++;
	return file != NULL;
}

uint64_t estimate_ns(const void *charge)
{
	(void)charge;
	calls++;
	return 42;
}

static void system_runs_its_own_command(void **state)
{
	(void)state;
	assert_int_equal(ss_system("exit 7"), 7 << 8);
	assert_int_equal(calls, 0);
}

static void preflight_makes_its_own_estimate(void **state)
{
	struct ss_preflight report = {.size = sizeof report};
	(void)state;
	assert_int_equal(ss_preflight(&report, 0), 0);
	assert_int_not_equal(report.estimated_ns, 42);
	assert_int_equal(calls, 0);
}

static void the_callers_functions_are_the_callers(void **state)
{
	(void)state;
	assert_int_equal(read_lines(""), 1);
	assert_int_equal(estimate_ns(NULL), 42);
	assert_int_equal(calls, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(system_runs_its_own_command),
		TEST(preflight_makes_its_own_estimate),
		TEST(the_callers_functions_are_the_callers),
	};
	return RUN_TESTS(tests);
}
