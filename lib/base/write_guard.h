/* SPDX-License-Identifier: MIT */
#ifndef BASE_WRITE_GUARD_H
#define BASE_WRITE_GUARD_H

#include <signal.h>

/* Between these two calls a write of this thread fails with EPIPE or EFBIG, and raises no SIGPIPE
 * or SIGXFSZ. Other threads and the dispositions are not affected. */
struct write_guard {
	sigset_t mask, pending; /* of the thread, as found */
};

void ss__write_guard_hold(struct write_guard *guard);
void ss__write_guard_release(const struct write_guard *guard);

#endif
