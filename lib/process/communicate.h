/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_COMMUNICATE_H
#define PROCESS_COMMUNICATE_H

#include <stdbool.h>
#include <stdint.h>

#include <safespawn.h>
#include "base/sized.h"

#define IO_FIRST_SIZE SIZED_UP_TO(struct ss_io, timeout_ms)
#define RESULT_FIRST_SIZE SIZED_UP_TO(struct ss_result, usage)

/* Reads the caller's io, which may be NULL, into *io and checks it. 0, -EINVAL, -E2BIG. */
int ss__io_read(struct ss_io *io, const struct ss_io *given);

/* The end of the time that starts now, as base/clock.h has it. */
int64_t ss__io_deadline(const struct ss_io *io);

/* A pipeline of children to feed, to read and to wait for. */
struct communication {
	struct ss_child *children;
	size_t n;
	const struct ss_io *io; /* from ss__io_read */
	int64_t deadline;
	bool ends_children; /* after any error */
};

/* Communicates, and fills in results[n] in any case. 0, or -errno as ss_communicate. A cancellation
 * point. */
int ss__communicate(const struct communication *communication, struct ss_result *results);

/* Moves results[n] to the caller's results, which have been checked and may be NULL. */
void ss__results_give(struct ss_result *given, struct ss_result *results, size_t n);

#endif
