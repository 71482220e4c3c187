/* SPDX-License-Identifier: MIT */
/* ss_wait, ss_kill, ss_terminate and ss_release. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 32)
#include <sys/single_threaded.h>
#define HAS_SINGLE_THREADED
#endif
#endif

#include <safespawn.h>
#include "base/cancel.h"
#include "base/clock.h"
#include "base/public_result.h"
#include "process/handle.h"

/* ---- Wait ---- */

bool ss__handle_is_alone(void)
{
#ifdef HAS_SINGLE_THREADED
	return __libc_single_threaded;
#else
	return false;
#endif
}

static int wait_for(struct ss_child *child, int *status, struct rusage *usage, int timeout_ms)
{
	struct rusage used;
	if (!child || timeout_ms < -1)
		return -EINVAL;
	if (timeout_ms < 0 && !usage && ss__handle_is_alone())
		return ss__handle_reap_once(child, status, NULL);
	int error = ss__handle_await(child, timeout_ms);
	if (!error)
		error = ss__handle_reap(child, status, usage ? &used : NULL);
	if (!error && usage)
		*usage = used;
	return error;
}

int ss_wait(struct ss_child *child, int *status, int timeout_ms)
{
	int saved_errno = errno;
	return ss__public_result(wait_for(child, status, NULL, timeout_ms), saved_errno);
}

int ss_wait_usage(struct ss_child *child, int *status, struct rusage *usage, int timeout_ms)
{
	int saved_errno = errno;
	return ss__public_result(wait_for(child, status, usage, timeout_ms), saved_errno);
}

/* ---- Kill ---- */

int ss_kill(struct ss_child *child, int sig)
{
	int saved_errno = errno;
	return ss__public_result(child ? ss__handle_kill(child, sig) : -EINVAL, saved_errno);
}

/* ---- Terminate ---- */

static int await_until(const struct ss_child *child, int64_t deadline)
{
	int error;
	do {
		error = ss__handle_await(child, ss__deadline_left(deadline));
	} while (error == -EINTR);
	return error;
}

static int terminate_one(struct ss_child *child, int *status, int64_t deadline)
{
	int error = ss__handle_ask(child);
	if (error == -EPERM)
		return ss__handle_reap_refused(child, status, NULL);
	if (!error)
		error = await_until(child, deadline);
	if (error == -ETIMEDOUT) {
		ss__handle_kill_family(child);
		return ss__handle_kill_and_reap(child, -1, status, NULL);
	}
	/* ESRCH: it has already ended. */
	return error && error != -ESRCH ? error : ss__handle_reap(child, status, NULL);
}

static void kill_rest(void *child)
{
	ss__handle_kill_group(child, SIGKILL);
}

/*
 * The leader is reaped first, unless others have done so (-ECHILD), because its zombie would count
 * as a running member. A caller cancelled after that could not come back for the rest, so kill_rest
 * runs.
 */
static int terminate_rest(struct ss_child *child, int *status, int64_t deadline)
{
	pid_t group = child->pid;
	int error = ss__handle_reap(child, status, NULL);
	pthread_cleanup_push(kill_rest, child);
	ss__handle_await_group(child, group, deadline);
	pthread_cleanup_pop(1);
	return error;
}

/* The other members get the whole grace, even if the leader is gone. */
static int terminate_group(struct ss_child *child, int *status, int64_t deadline)
{
	int error = ss__handle_ask(child);
	if (error == -EPERM)
		return ss__handle_reap_refused(child, status, NULL);
	if (error && error != -ESRCH)
		return error;
	error = await_until(child, deadline);
	if ((!error || error == -ECHILD) && ss__handle_knows_group(child))
		return terminate_rest(child, status, deadline);
	if (error && error != -ETIMEDOUT)
		return error;
	if (!error)
		ss__handle_await_group_of_zombie(child, deadline);
	ss__handle_kill_group(child, SIGKILL);
	return ss__handle_kill_and_reap(child, -1, status, NULL);
}

static int terminate(struct ss_child *child, int *status, int grace_ms)
{
	if (!child || grace_ms < -1)
		return -EINVAL;
	if (child->pid <= 0)
		return -ECHILD;
	int64_t deadline = ss__deadline_in(grace_ms);
	return child->own_group == HANDLE_GROUP ? terminate_group(child, status, deadline)
						: terminate_one(child, status, deadline);
}

int ss_terminate(struct ss_child *child, int *status, int grace_ms)
{
	int saved_errno = errno;
	return ss__public_result(terminate(child, status, grace_ms), saved_errno);
}

/* ---- Release ---- */

static void close_owned(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int ss_release(struct ss_child *child)
{
	/* A cancelled close leaves its descriptor open. */
	struct cancel cancel;
	int saved_errno = errno;
	ss__cancel_off(&cancel);
	if (child && child->reserved[0] == HANDLE_FILLED) {
		close_owned(&child->pidfd);
		close_owned(&child->in);
		close_owned(&child->out);
		close_owned(&child->err);
	}
	ss__cancel_as_before(&cancel);
	errno = saved_errno;
	return 0;
}
