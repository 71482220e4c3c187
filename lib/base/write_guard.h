/* SPDX-License-Identifier: MIT */
#ifndef BASE_WRITE_GUARD_H
#define BASE_WRITE_GUARD_H

#include <signal.h>

/*
 * Between these two a write gives this thread EPIPE or EFBIG and no SIGPIPE or SIGXFSZ. Other threads
 * and the dispositions are not concerned.
 */
struct write_guard {
	sigset_t mask, pending; /* of the thread, as found */
};

void ss__write_guard_hold(struct write_guard *guard);
void ss__write_guard_release(const struct write_guard *guard);

#endif
