/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_PIPELINE_H
#define PROCESS_PIPELINE_H

#include <stdint.h>

#include <safespawn.h>
#include "base/cancel.h"

struct line {
	struct ss_child *children; /* the library's own, all zero before */
	char *const *const *argvs;
	size_t n;
	const struct ss_options *options;
	int64_t deadline; /* of base/clock.h, for all to have started */
	/* The caller's: each start is a cancellation point. NULL: none is. */
	const struct cancel *cancel;
};

/*
 * Spawns n programs, each one's stdout the next one's stdin. 0 or -errno: then nothing is left of those that had started, and options->failure says why. To be
 * called with cancellation off.
 */
int ss__line_spawn(const struct line *line);

/* Kills and reaps those that have not been waited for, with their families, and releases all. */
void ss__line_end(struct ss_child *children, size_t n);

#endif
