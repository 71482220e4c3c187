/* SPDX-License-Identifier: MIT */
#ifndef TEST_RUN_H
#define TEST_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "cmocka_all.h"

/*
 * Runs the tests, or only those that the program's arguments name; other arguments are the test's
 * own if they are numbers, options or paths. 1 if one failed or has no such name.
 *
 * Environment variables name the programs that the tests start. meson sets them; a variable that is
 * missing gets the program's path in the build, relative to the test.
 */
int run_these_tests(const struct CMUnitTest *tests, size_t n, int (*setup)(void **state),
	int (*teardown)(void **state));

/* For a main that has several groups: a name that is in no group is not an error. */
int run_group(const char *name, const struct CMUnitTest *tests, size_t n,
	int (*setup)(void **state), int (*teardown)(void **state));

#define RUN_TESTS(tests) RUN_TESTS_WITH(tests, NULL, NULL)
#define RUN_TESTS_WITH(tests, setup, teardown)                                                     \
	run_these_tests(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

/*
 * Seconds, or more on a slow machine: $PATIENCE times as many. None (0) in a debugger. A bound for
 * waits that could otherwise hang.
 */
unsigned patience(unsigned seconds);

/* How often something is to be done: fewer times where $PATIENCE says that the machine is slow. */
int workload(int times);

/*
 * For a part that runs in a process of its own: checks that its wait status is 0, or skips the test
 * for 77 << 8.
 */
void assert_passed(int status);

/* Skips the test there, and says why. */
void skip_in_valgrind(const char *why);

/* Waits for the process first. */
void assert_child_passes(pid_t pid);

#endif
