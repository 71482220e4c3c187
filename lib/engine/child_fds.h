/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_CHILD_FDS_H
#define ENGINE_CHILD_FDS_H

#include "engine/job.h"

/*
 * Makes the descriptor table the child's own, without what lies above the plan's cut. 0, -errno, or
 * -ENGINE_RETRY_PRIVATE.
 */
long ss__child_cut(struct job *job);

/* Each of these three returns 0, or -1 with *failure. */

/* The rest of the plan, except its closes. */
long ss__child_place(struct job *job, struct child_failure *failure);

/* Opens the files for 0 to 2, and merges 2 into 1. */
long ss__child_open(struct job *job, struct child_failure *failure);

/* Closes the ranges of the plan. */
long ss__child_close(struct job *job, struct child_failure *failure);

#endif
