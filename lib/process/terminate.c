/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>

#include <safespawn.h>
#include "base/clock.h"
#include "process/handle.h"

static int await_until(const struct ss_child *child, int64_t deadline)
{
	int error;
	do {
		error = ss__handle_await(child, ss__deadline_left(deadline));
	} while (error == -EINTR);
	return error;
}

/* SIGCONT: what is stopped could not end by itself. */
static int ask(const struct ss_child *child, int (*send)(const struct ss_child *, int))
{
	int error = send(child, SIGTERM);
	if (!error)
		send(child, SIGCONT);
	return error;
}

/* The child may have gone over to another group. */
static int ask_group(const struct ss_child *child)
{
	int error = ask(child, ss__handle_kill_group);
	if (ss__handle_leads(child))
		return error;
	int its_own = ask(child, ss__handle_kill);
	return error ? its_own : 0;
}

static int terminate_one(struct ss_child *child, int *status, int64_t deadline)
{
	int error = ask(child, ss__handle_kill);
	if (error == -EPERM)
		return ss__handle_reap_refused(child, status, NULL);
	if (!error)
		error = await_until(child, deadline);
	if (error == -ETIMEDOUT)
		return ss__handle_kill_and_reap(child, status, NULL);
	/* ESRCH: it has ended by itself. */
	return error && error != -ESRCH ? error : ss__handle_reap(child, status, NULL);
}

static void kill_rest(void *child)
{
	ss__handle_kill_group(child, SIGKILL);
}

/*
 * Its zombie must not be taken for a member that still runs, so the leader is reaped first, if
 * somebody else has not done so (-ECHILD). Cancelled after that, a caller could not come back for
 * the others.
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

/* The other members get the whole of the grace, also when the leader is gone. */
static int terminate_group(struct ss_child *child, int *status, int64_t deadline)
{
	int error = ask_group(child);
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
	return ss__handle_kill_and_reap(child, status, NULL);
}

static int terminate(struct ss_child *child, int *status, int grace_ms)
{
	if (!child || grace_ms < -1)
		return -EINVAL;
	if (child->pid <= 0)
		return -ECHILD;
	int64_t deadline = ss__deadline_in(grace_ms);
	return child->own_group ? terminate_group(child, status, deadline)
				: terminate_one(child, status, deadline);
}

int ss_terminate(struct ss_child *child, int *status, int grace_ms)
{
	int saved = errno;
	int error = terminate(child, status, grace_ms);
	errno = error ? -error : saved;
	return error ? -1 : 0;
}
