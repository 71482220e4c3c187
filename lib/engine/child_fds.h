/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_CHILD_FDS_H
#define ENGINE_CHILD_FDS_H

#include "engine/job.h"

/*
 * Makes the descriptor table the child's own, without what lies above the plan's cut.
 * 0, -errno, or -ENGINE_RETRY_PRIVATE.
 */
long ss__child_cut(struct job *job);

/* Follows the rest of the plan. On failure (-1) says in *verdict where and why. */
long ss__child_place(struct job *job, struct verdict *verdict);

#endif
