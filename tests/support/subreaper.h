/* SPDX-License-Identifier: MIT */
#ifndef TEST_SUBREAPER_H
#define TEST_SUBREAPER_H

#include <stdbool.h>

/*
 * Goes on in a child of the process, and the process itself inherits the orphans. So no descendant
 * of the child outlives the process, however the child ends. A descendant that is left when the
 * child has passed makes the test fail. Does nothing in a debugger and in valgrind.
 */
void run_under_subreaper(void);

/* In both a test can ask less of its processes. */
bool in_debugger(void);
bool in_valgrind(void);

#endif
