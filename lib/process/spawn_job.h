/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SPAWN_JOB_H
#define PROCESS_SPAWN_JOB_H

#include <safespawn.h>
#include "engine/block.h"
#include "engine/job.h"
#include "process/plumbing.h"
#include "process/spawn_extra.h"

/*
 * A spawn: the checked options, what was opened for them, and the block that holds all that the
 * child needs. The block is filled before the clone, because the caller's arrays and strings may be
 * gone before the child has used them.
 */
struct spawn {
	struct ss_options options;
	const struct spawn_extra *extra;
	char *const *argv;
	struct plumbing plumbing;
	struct block *block;
};

/*
 * Takes a block and makes its job, with signals blocked. 0, or -errno with *stage; then there is no
 * block.
 */
int ss__spawn_fill_job(struct spawn *s, enum ss_stage *stage);

#endif
