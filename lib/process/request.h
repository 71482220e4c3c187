/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_REQUEST_H
#define PROCESS_REQUEST_H

#include <safespawn.h>
#include "engine/job.h"
#include "process/plumbing.h"
#include "process/spawn.h"

/* How the block is divided; every part but the last is a multiple of a pointer's size or of int's. */
struct request_layout {
	size_t shell_argv;
	size_t pairs;
	size_t closes;
	size_t plan;
	size_t paths;
	size_t total;
};

/*
 * A request on its way: the checked options, what was opened for them, and one block of memory that
 * holds everything the child needs beyond the caller's own arrays. The block is taken before the
 * clone, as nothing can be taken after it.
 */
struct request {
	struct ss_options options;
	const struct spawn_extra *extra;
	char *const *argv;
	struct plumbing plumbing;
	struct fd_plan plan;
	struct job job;
	char oom_score[12];
	struct request_layout layout;
	char *memory;
	/* Enough for most; uninitialized, as clearing it would cost more than it saves. */
	_Alignas(void *) char small[512];
};

/*
 * Makes the job of r->options, argv, extra and plumbing. 0 or -errno; then there is no memory.
 * Comes before anything is opened, with a plumbing that is empty, so that a bad map is refused
 * before a file has been truncated; ss__request_plan_fds comes after, if there is anything in it.
 */
int ss__request_prepare(struct request *r);
int ss__request_plan_fds(struct request *r);

void ss__request_free(struct request *r);

#endif
