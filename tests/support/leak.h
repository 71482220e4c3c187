/* SPDX-License-Identifier: MIT */
#ifndef TEST_LEAK_H
#define TEST_LEAK_H

#include <stdbool.h>
#include <stdint.h>

#include "cmocka_all.h"
#include "run.h"

/*
 * Every test is a leak test: TEST(f) compares descriptors, children, signal mask, pending signals,
 * dispositions, dumpable flag, umask and working directory before and after f.
 */
int leak_before(void **state);
int leak_after(void **state);

static inline bool is_between(uintmax_t value, uintmax_t least, uintmax_t most)
{
	return value >= least && value <= most;
}

/* cmocka 2 has another name for assert_in_range. */
#define assert_between(value, least, most) assert_true(is_between(value, least, most))

#define TEST(f)                                                                                    \
	{                                                                                          \
#f, f, leak_before, leak_after, NULL                                               \
	}

#endif
