/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_WAIT_H
#define ENGINE_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/block.h"
#include "engine/engine.h"

/* A caller that waits for its child's exec. */
struct waiter {
	struct block *block;
	const struct engine_wait *how;
	uint32_t number;
	int64_t deadline;
	int failure_from; /* where memory is copied: a pipe for the failure; else -1 */
	bool probing;     /* it is not known yet whether memory is shared */
};

/*
 * Waits with the caller's mask until the child no longer uses the block: 0. -ETIMEDOUT. -EINTR: a
 * handler ran while the child waits in open. -ECHILD: a handler has forked, and this is its child.
 * -ENOSYS: the child has ended, and was never seen in this memory. Signals are blocked after an
 * error.
 */
int ss__await_start(struct waiter *w);

/* The same, by the pipe failure_from, where memory is copied. */
int ss__await_failure(struct waiter *w, struct child_failure *failure);

/* Kills the child and frees the block, or leaves it to a later spawn. Signals are blocked. */
void ss__give_up(struct waiter *w);

#endif
