/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_PIPELINE_H
#define PROCESS_PIPELINE_H

#include <stdint.h>

#include <safespawn.h>
#include "base/cancel.h"

struct pipeline {
	struct ss_child *children; /* the library's own, all zero before */
	char *const *const *argvs;
	size_t n;
	const struct ss_options *options;
	int64_t deadline; /* for all to have started; of base/clock.h */
	/* The caller's, to make each start a cancellation point; NULL: none is one. */
	const struct cancel *cancel;
};

/* Spawns n programs, each one's stdout the next one's stdin. 0 or -errno; then those that had
 * started are ended, and options->failure says why. The caller has cancellation off. */
int ss__pipeline_spawn(const struct pipeline *pipeline);

/* Kills and reaps the children that have not been waited for, with their families, and releases
 * all. */
void ss__pipeline_end(struct ss_child *children, size_t n);

#endif
