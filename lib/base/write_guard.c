/* SPDX-License-Identifier: MIT */
/* Writes that raise no signal: the signals are blocked, and discarded if they came. */
#include "base/write_guard.h"

#include <errno.h>
#include <time.h>

static sigset_t raised_by_writes(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGXFSZ);
	return set;
}

void ss__write_guard_hold(struct write_guard *guard)
{
	const sigset_t set = raised_by_writes();
	sigemptyset(&guard->pending);
	sigpending(&guard->pending);
	pthread_sigmask(SIG_BLOCK, &set, &guard->mask);
}

static void take_back(int sig)
{
	const struct timespec none = {0, 0};
	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, sig);
	while (sigtimedwait(&one, NULL, &none) < 0 && errno == EINTR)
		;
}

/* A signal that was pending before is the program's own. */
static void take_back_new(const struct write_guard *guard, const sigset_t *pending, int sig)
{
	if (sigismember(pending, sig) && !sigismember(&guard->pending, sig))
		take_back(sig);
}

void ss__write_guard_release(const struct write_guard *guard)
{
	int saved_errno = errno;
	sigset_t pending;
	sigemptyset(&pending);
	sigpending(&pending);
	take_back_new(guard, &pending, SIGPIPE);
	take_back_new(guard, &pending, SIGXFSZ);
	pthread_sigmask(SIG_SETMASK, &guard->mask, NULL);
	errno = saved_errno;
}
