/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_CHILD_FDS_H
#define ENGINE_CHILD_FDS_H

#include "engine/job.h"

/*
 * Makes the descriptor table the child's own, without what lies above the plan's cut. 0, -errno, or
 * -ENGINE_RETRY_PRIVATE.
 */
long ss__child_cut(struct job *job);

/* The rest of the plan, except its closes. -1, with *failure filled in, as the next two functions. */
long ss__child_place(struct job *job, struct child_failure *failure);

/* Then the files for 0 to 2, and the merge of 2 into 1. */
long ss__child_open(struct job *job, struct child_failure *failure);

/* Then what the plan closes. */
long ss__child_close(struct job *job, struct child_failure *failure);

#endif
