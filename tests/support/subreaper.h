/* SPDX-License-Identifier: MIT */
#ifndef TEST_SUBREAPER_H
#define TEST_SUBREAPER_H

#include <stdbool.h>

/*
 * Goes on in a child of the process, which itself stays behind to inherit the orphans: whatever the
 * child dies of, no descendant of it outlives the process. One that is left when the child has
 * ended well makes a failure of it. Does nothing in a debugger and in valgrind.
 */
void run_under_subreaper(void);

/* Both change what a test can ask of its processes. */
bool in_debugger(void);
bool in_valgrind(void);

#endif
