/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <sys/types.h>

#include "engine/job.h"

struct engine_child {
	pid_t pid;
	int pidfd; /* -1 where the kernel has none, or the table no room for it */
};

/*
 * Makes the process and returns when it has exec'ed, 0, or has failed to, -errno with
 * job->verdict.stage. A child that failed is reaped already. The signal mask is the caller's again on
 * every path. To be called with cancellation disabled.
 */
int ss__engine_run(struct job *job, struct engine_child *child);

#endif
