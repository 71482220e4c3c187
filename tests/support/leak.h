/* SPDX-License-Identifier: MIT */
#ifndef TEST_LEAK_H
#define TEST_LEAK_H

#include "cmocka_all.h"

/*
 * Every test is a leak test: TEST(f) compares descriptors, children, signal mask, pending signals,
 * dispositions, dumpable flag, umask and working directory before and after f.
 */
int leak_before(void **state);
int leak_after(void **state);

#define TEST(f)                                                                                    \
	{                                                                                          \
#f, f, leak_before, leak_after, NULL                                               \
	}

/* For a main that has groups of tests: exit status from cmocka's count of failures. */
#define RUN_TESTS(tests) (cmocka_run_group_tests(tests, NULL, NULL) != 0)

#endif
