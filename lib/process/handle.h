/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_HANDLE_H
#define PROCESS_HANDLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include <safespawn.h>

/*
 * The operations on a child that ss_wait, ss_kill and ss_terminate are made of; 0 or -errno. With
 * a pidfd they can't meet a stranger; without, the pid is safe as long as nobody else waits for it.
 */

/*
 * In ss_child.reserved[0] of a child that was spawned: a struct that is all zero, as one may be
 * after a spawn that failed, owns nothing, and descriptor 0 least of all.
 */
#define HANDLE_FILLED UINT64_C(0x7373)

/* ss_child.own_group: the processes that are ended with the child. */
enum handle_family {
	HANDLE_ALONE,
	HANDLE_GROUP,      /* the group that it leads */
	HANDLE_DESCENDANTS /* its descendants, because it is in its caller's group */
};

/*
 * Waits until the child has ended, without reaping it. -ETIMEDOUT, -EINTR; -ECHILD: it is gone, and
 * nobody knows how it ended. One that others have reaped has ended if the kernel knows its status.
 */
int ss__handle_await(const struct ss_child *child, int timeout_ms);

/*
 * Reaps the child, waiting for its end, and stores its wait status and what it has used; either may
 * be NULL. Goes on after EINTR and is no cancellation point: where that matters ss__handle_await comes
 * first. -ECHILD. The usage of a child that others have reaped is 0.
 */
int ss__handle_reap(struct ss_child *child, int *status, struct rusage *usage);

/* The same in one call of the kernel's: -EINTR as well, and for threads that can't be cancelled. */
int ss__handle_reap_once(struct ss_child *child, int *status, struct rusage *usage);

/*
 * Whether nobody can cancel the calling thread until it makes another one: pthread_cancel is not for
 * signal handlers. In child.c, because a variable of libc's must not get into the shim.
 */
bool ss__handle_is_alone(void);

/* A pause of 1 to 20 ms, for loops that nothing wakes up. */
int ss__handle_nap(int step, int left_ms);

int ss__handle_kill(const struct ss_child *child, int sig);

/*
 * SIGKILL, then ss__handle_reap. -EPERM: it may not be killed and has not ended, so that the wait could
 * last for ever; it is as before then. The second is for one that has refused a signal already.
 */
int ss__handle_kill_and_reap(struct ss_child *child, int *status, struct rusage *usage);
int ss__handle_reap_refused(struct ss_child *child, int *status, struct rusage *usage);

/* To the group that the child leads and everything in it. */
int ss__handle_kill_group(const struct ss_child *child, int sig);

/* SIGTERM and SIGCONT to the child, and to the group that it leads. */
int ss__handle_ask(const struct ss_child *child);

/* Sends SIGKILL to the rest of its family, but not to the child itself. A child without a group
 * is stopped for the search. */
void ss__handle_kill_family(const struct ss_child *child);

/* Whether the kernel can tell that a group is empty: signals to a group by pidfd, 6.9. */
bool ss__handle_knows_group(const struct ss_child *child);

/*
 * Both wait until nothing in the group runs any more, or the deadline (of base/clock.h) has passed.
 * The first is for a kernel that knows and a leader that has been reaped. The second is for any
 * kernel: the zombie of the leader keeps the group's number from going to a stranger, but only /proc
 * can tell then; it does not wait where that does not.
 */
void ss__handle_await_group(const struct ss_child *child, pid_t group, int64_t deadline);
void ss__handle_await_group_of_zombie(const struct ss_child *child, int64_t deadline);

#endif
