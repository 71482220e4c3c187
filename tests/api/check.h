/* SPDX-License-Identifier: MIT */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* For a process that a test forks, because cmocka's assertions are for the first process only. Ends
 * it with status 1. */
static inline void check_at(int right, const char *file, int line)
{
	if (right)
		return;
	fprintf(stderr, "%s:%d: wrong (%s)\n", file, line, strerror(errno));
	_exit(1);
}

#define CHECK(expression) check_at(expression, __FILE__, __LINE__)
#define CHECK_FAILS(call, error) CHECK((call) == -1 && errno == (error))

#endif
