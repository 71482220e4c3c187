/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_CHILD_FDS_H
#define ENGINE_CHILD_FDS_H

#include "engine/job.h"

/*
 * Makes the descriptor table the child's own, without what lies above the plan's cut.
 * 0, -errno, or -ENGINE_RETRY_PRIVATE.
 */
long ss__child_cut(struct job *job);

/* These return -1 on failure and say in *verdict where and why. First the rest of the plan but closes. */
long ss__child_place(struct job *job, struct verdict *verdict);

/* Then the files named for 0 to 2, and what goes where stdout goes. */
long ss__child_open(struct job *job, struct verdict *verdict);

/* Then what the plan closes. */
long ss__child_close(struct job *job, struct verdict *verdict);

#endif
