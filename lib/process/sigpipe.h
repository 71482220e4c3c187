/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SIGPIPE_H
#define PROCESS_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

/*
 * Between these two a write to a pipe that nobody reads gives this thread EPIPE and no signal; other
 * threads and the disposition are not concerned.
 */
struct sigpipe_guard {
	sigset_t old;
	bool was_pending;
};

void ss__sigpipe_hold(struct sigpipe_guard *guard);
void ss__sigpipe_release(const struct sigpipe_guard *guard);

#endif
