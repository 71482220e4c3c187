/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_EXCHANGE_H
#define PROCESS_EXCHANGE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include <safespawn.h>
#include "base/buffer.h"
#include "base/write_guard.h"

/* An output stream of a child. */
struct reader {
	int *fd;    /* in struct ss_child; -1 after its end */
	int stream; /* for on_output */
	struct buffer text;
};

/* What the caller and a pipeline of children exchange: input for the first, output of all. */
struct exchange {
	struct ss_child *children;
	size_t n;
	const char *input;
	size_t input_len;
	struct reader *readers;
	size_t n_readers;
	const struct ss_io *io; /* of these, on_output, context and flags are used */
	bool refused_more;      /* on_output has refused more */
	int64_t deadline;       /* of base/clock.h */
	int cancel_state;       /* the caller's */
	/* Set by ss__exchange_enter. `fds` has room for the input, the readers and the children. */
	struct pollfd *fds;
	size_t n_fds, open, running;
	bool in_blocked, writes_may_block, guarded;
	struct write_guard guard;
};

/* Before the first run: makes buffers, and the input non-blocking. 0, -ENOMEM. */
int ss__exchange_enter(struct exchange *exchange);

/*
 * Feeds and reads until all pipes have ended and are closed. With SS_IO_UNTIL_EXIT: until the
 * children have ended and what they wrote is read. 0, -ETIMEDOUT, -ECANCELED (on_output), -ENOMEM,
 * -errno. May be called again. The caller has cancellation off; only the waiting here has it on.
 */
int ss__exchange_run(struct exchange *exchange);

/*
 * After a kill: reads what the pipes hold and closes them. It never waits and reads no more than
 * they can hold, because a process that got away may go on writing. What there is no memory for is
 * lost.
 */
void ss__exchange_drain(struct exchange *exchange);

/* At every end: makes an input that is still open blocking again, and frees the texts. */
void ss__exchange_leave(struct exchange *exchange);

#endif
