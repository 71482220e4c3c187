/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_EXCHANGE_H
#define PROCESS_EXCHANGE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include <safespawn.h>
#include "base/buffer.h"
#include "base/write_guard.h"

/* A stream of a child's that is read. */
struct reader {
	int *fd;    /* in its struct ss_child; -1 from its end on */
	int stream; /* as on_output gets it */
	struct buffer text;
};

/* The data between the caller and a line of children: into the first, out of all. */
struct exchange {
	struct ss_child *children;
	size_t n;
	const char *input;
	size_t input_len;
	struct reader *readers;
	size_t n_readers;
	const struct ss_io *io; /* on_output, context and flags count here */
	bool ends_deaf;         /* on_output asked for the end */
	int64_t deadline;       /* of base/clock.h */
	int cancel_state;       /* the caller's */
	/* The library's own. `fds` has room for the input, the readers and the children. */
	struct pollfd *fds;
	size_t n_fds, open, running;
	bool in_blocked, writes_may_block, guarded;
	struct write_guard guard;
};

/* Before the first run: buffers, and an input that does not block. 0, -ENOMEM. */
int ss__exchange_enter(struct exchange *exchange);

/*
 * Feeds and reads until all pipes are at their end and closed; with SS_IO_UNTIL_EXIT until the children
 * have ended and what they wrote is read. 0, -ETIMEDOUT, -ECANCELED (on_output's wish), -ENOMEM, -errno.
 * May be called again. To be called with cancellation off; it is the caller's only while this waits.
 */
int ss__exchange_run(struct exchange *exchange);

/*
 * After a kill: reads what the pipes hold and closes them. Never waits, and reads no more than they
 * can hold: a process that got away may go on writing. What there is no memory for is lost.
 */
void ss__exchange_drain(struct exchange *exchange);

/* For every end. An input that is still open blocks again, and the texts are freed. */
void ss__exchange_leave(struct exchange *exchange);

#endif
