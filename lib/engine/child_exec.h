/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_CHILD_EXEC_H
#define ENGINE_CHILD_EXEC_H

#include "engine/job.h"

/* Tries the job's paths in order. Returns only if none could be run: the -errno that counts. */
long ss__child_exec(const struct job *job);

#endif
