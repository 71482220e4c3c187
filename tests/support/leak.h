/* SPDX-License-Identifier: MIT */
#ifndef TEST_LEAK_H
#define TEST_LEAK_H

#include "cmocka_all.h"
#include "run.h"

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

#endif
