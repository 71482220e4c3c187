/* SPDX-License-Identifier: MIT */
#ifndef TEST_SCENARIOS_H
#define TEST_SCENARIOS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* What children do that are not simply about to exec. */
struct scenario {
	const char *name;
	int (*run)(void);
	bool restarts; /* an eager lean fork is given up for it */
};
extern const struct scenario scenarios[], call_scenarios[];
extern const size_t n_scenarios, n_call_scenarios;

int waits_for_parent(void);

/* Theirs, made anew for each: a pipe to the parent, and a number that both can change, which is at
 * the start of the file that descriptor 8 is open for; the parent has it mapped for reading, too.
 * Descriptor 9 is a file of the parent's that holds "abc". */
extern int pipes[2];
extern atomic_int *shared, *readonly;

/* Two pages, the second of which is that file's. */
extern char *half_shared;

#endif
