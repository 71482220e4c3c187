/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_EXCHANGE_H
#define PROCESS_EXCHANGE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include <safespawn.h>
#include "base/buffer.h"

/* What goes on between the caller and the pipes of one child. */
struct exchange {
	struct ss_child *child;
	const char *input;
	size_t input_len;
	struct buffer out, err;
	int64_t deadline; /* of base/clock.h */
	int cancel_state; /* the caller's */
	bool changed[3];  /* which of the child's pipes blocked before */
	/* Here, as a sanitizer would not notice that a cancellation ends the life of a local. */
	struct pollfd fds[3];
};

/*
 * Feeds and reads until all pipes are at their end and closed. 0, -ETIMEDOUT, -ENOMEM, -errno. To be
 * called with cancellation off; it is the caller's only while this waits.
 */
int ss__exchange_run(struct exchange *exchange);

/*
 * After a kill: reads what the pipes hold and closes them. Never waits, and reads no more than they
 * can hold: a process that got away may go on writing. What there is no memory for is lost.
 */
void ss__exchange_drain(struct exchange *exchange);

/* In the end, however it has come: pipes that are still open block again. */
void ss__exchange_leave(struct exchange *exchange);

#endif
