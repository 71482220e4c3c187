/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_PIPELINE_H
#define PROCESS_PIPELINE_H

#include <safespawn.h>

/*
 * Spawns n programs, each one's stdout the next one's stdin, into children[n], which is the library's
 * own. 0 or -errno: then nothing is left of those that had started, and options->failure says why. To be
 * called with cancellation off.
 */
int ss__line_spawn(struct ss_child *children, char *const *const argvs[], size_t n,
	const struct ss_options *options);

/* Kills and reaps those that have not been waited for, with their families, and releases all. */
void ss__line_end(struct ss_child *children, size_t n);

#endif
