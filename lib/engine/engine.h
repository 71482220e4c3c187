/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "engine/block.h"
#include "engine/job.h"

struct engine_child {
	pid_t pid;
	int pidfd; /* -1: the kernel has no pidfds, or the table is full */
};

/* How the caller waits for the exec. */
struct engine_wait {
	kernel_sigset mask;     /* the caller's, in force while it waits */
	int timeout_ms;         /* 0: none */
	bool cancellable;       /* a cancelled thread leaves; else cancellation is off */
	void (*cloned)(void *); /* called before each wait, with the mask in force; or NULL */
	void *cloned_arg;
	/* Set for the wait. It has to be in a frame that lives until the block is handed over. */
	_Atomic uint32_t *canary;
};

/* Blocks all signals, so that no handler can leave. By a raw call, because libc leaves out two of
 * its own. Returns the previous mask. */
kernel_sigset ss__engine_enter(void);
void ss__engine_leave(kernel_sigset mask);

/*
 * Makes the process of block->job, between enter and leave. Returns 0 when it has exec'ed; signals
 * are open then. On failure returns -errno with *stage: the child has been reaped, and the block is
 * no longer the caller's. -ETIMEDOUT: the child has been killed. -ECHILD: a handler has forked, and
 * this is the forked process, which has no such child.
 */
int ss__engine_run(struct block *block, const struct engine_wait *how, struct engine_child *child,
	enum ss_stage *stage);

#endif
