/* SPDX-License-Identifier: MIT */
#ifndef TEST_RUNNER_H
#define TEST_RUNNER_H

#include "cases.h"

extern int case_timeout_ms;

/* Once, before anything else. */
void runner_start(void);

/* Runs one case in a fresh process and returns its record, to be freed. */
char *run_case(const struct test_case *c, int arg, const struct lib *lib);

#endif
