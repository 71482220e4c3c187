/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_HANDLE_H
#define PROCESS_HANDLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include <safespawn.h>

/* The operations that ss_wait, ss_kill and ss_terminate are made of. 0 or -errno. A pidfd never
 * leads to a stranger. Without one, the pid is safe unless somebody else waits for the child. */

/*
 * ss_child.reserved[0] of a spawned child. A struct that is all zero, as after a failed spawn, owns
 * nothing, not even descriptor 0.
 */
#define HANDLE_FILLED UINT64_C(0x7373)

/* ss_child.own_group: which processes are ended with the child. */
enum handle_family {
	HANDLE_ALONE,
	HANDLE_GROUP,      /* the group that it leads */
	HANDLE_DESCENDANTS /* its descendants: it is in its caller's group */
};

/*
 * Waits until the child has ended, without reaping it. -ETIMEDOUT, -EINTR. -ECHILD: it is gone, and
 * its status is unknown. If others have reaped it and the kernel knows its status, it has ended: 0.
 */
int ss__handle_await(const struct ss_child *child, int timeout_ms);

/*
 * Waits for the end of the child and reaps it. Stores its wait status and its usage, 0 if others
 * have reaped it; both may be NULL. Goes on after EINTR. -ECHILD. Not a cancellation point: call
 * ss__handle_await first where this matters.
 */
int ss__handle_reap(struct ss_child *child, int *status, struct rusage *usage);

/* The same in one system call, for threads that cannot be cancelled. -EINTR as well. */
int ss__handle_reap_once(struct ss_child *child, int *status, struct rusage *usage);

/* Whether the process has one thread, so nobody can cancel it: pthread_cancel is not for handlers.
 * In child.c, because the shim must not import a variable of libc's. */
bool ss__handle_is_alone(void);

/* Sleeps 1 to 20 ms, for loops that nothing wakes up. */
int ss__handle_nap(int step, int left_ms);

int ss__handle_kill(const struct ss_child *child, int sig);

/* For how long a killed child is waited for. Some do not end: on a dead mount, or frozen. */
enum { HANDLE_MS_TO_DIE = 2000 };

/*
 * SIGKILL, then ss__handle_reap. -ETIMEDOUT: it has not ended by the deadline (-1: none). -EPERM: it
 * may not be killed and still runs, so the wait could last for ever. The child is as before.
 * The second function is for a child that has already refused a signal.
 */
int ss__handle_kill_and_reap(
	struct ss_child *child, int64_t deadline, int *status, struct rusage *usage);
int ss__handle_reap_refused(struct ss_child *child, int *status, struct rusage *usage);

/* Nobody waits for the child any longer. It is reaped when it has ended, by a later spawn. */
void ss__handle_leave(struct ss_child *child);

/* Sends a signal to the group that the child leads. */
int ss__handle_kill_group(const struct ss_child *child, int sig);

/* Sends SIGTERM and SIGCONT to the child, and to the group that it leads. */
int ss__handle_ask(const struct ss_child *child);

/* Sends SIGKILL to the rest of its family, but not to the child. A child without a group is stopped
 * for the search. */
void ss__handle_kill_family(const struct ss_child *child);

/* Whether the kernel can tell that a group is empty: signals to a group by pidfd, Linux 6.9. */
bool ss__handle_knows_group(const struct ss_child *child);

/*
 * Both wait until nothing in the group runs, or the deadline (of base/clock.h) has passed. The
 * first needs ss__handle_knows_group and a leader that has been reaped. The second needs the
 * leader's zombie, which keeps the group's number from strangers, and /proc: without it, there is
 * no wait.
 */
void ss__handle_await_group(const struct ss_child *child, pid_t group, int64_t deadline);
void ss__handle_await_group_of_zombie(const struct ss_child *child, int64_t deadline);

#endif
