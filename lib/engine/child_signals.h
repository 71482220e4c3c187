/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_CHILD_SIGNALS_H
#define ENGINE_CHILD_SIGNALS_H

#include "engine/job.h"

/* Resets handlers, and the signals in job->sigdefault. Other ignored signals stay ignored. 0 or
 * -errno. */
long ss__child_dispositions(const struct job *job);

/* Discards a pending SIGTSTP, SIGTTIN or SIGTTOU, meant for a group that the child has left. */
void ss__child_discard_stops(void);

/* Sets the program's mask, so pending signals are delivered here. 0 or -errno. */
long ss__child_mask(const struct job *job);

#endif
