/* SPDX-License-Identifier: MIT */
#include "process/sigpipe.h"

#include <errno.h>
#include <time.h>

static sigset_t only_sigpipe(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	return set;
}

static bool is_pending(void)
{
	sigset_t pending;
	return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

void ss__sigpipe_hold(struct sigpipe_guard *guard)
{
	const sigset_t set = only_sigpipe();
	guard->was_pending = is_pending();
	pthread_sigmask(SIG_BLOCK, &set, &guard->old);
}

/* One that was pending before is the program's own. */
void ss__sigpipe_release(const struct sigpipe_guard *guard)
{
	const sigset_t set = only_sigpipe();
	const struct timespec none = {0, 0};
	if (!guard->was_pending && is_pending())
		while (sigtimedwait(&set, NULL, &none) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &guard->old, NULL);
}
