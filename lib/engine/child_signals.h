/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_CHILD_SIGNALS_H
#define ENGINE_CHILD_SIGNALS_H

#include "engine/job.h"

/* No handler is left after this; what was ignored stays so, but for job->sigdefault. 0 or -errno. */
long ss__child_dispositions(const struct job *job);

/* Pending SIGTSTP, SIGTTIN and SIGTTOU, which were meant for a group that the child has left. */
void ss__child_discard_stops(void);

/* The program's own mask: what was pending is delivered here. 0 or -errno. */
long ss__child_mask(const struct job *job);

#endif
