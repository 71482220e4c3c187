/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_FORKS_H
#define FUZZ_FORKS_H

#include "fuzz.h"

/* In memory that all runs share, so that something can be said of them at the end. */
struct fork_stats {
	unsigned long outcomes[MODES][4]; /* by enum lean_outcome */
	unsigned long runs[MODES];
	unsigned worst_us[MODES]; /* until fork had returned */
};
extern struct fork_stats *fork_stats;

#endif
