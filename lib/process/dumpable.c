/* SPDX-License-Identifier: MIT */
/*
 * Puts the dumpable flag back. A child that shares memory holds the flag for as long as it uses its
 * block. A process forked meanwhile has the flag as the kernel copied it, and none of the children
 * that hold it.
 *
 *  1. A fork may come at any instant, even from a signal handler that interrupts the code below. So
 *     fork takes no lock, or it would wait for its own thread. What a forked process finds in memory
 *     is right at each instant: the flag is read before a holder counts, and put back before the
 *     holder no longer counts.
 *  2. The kernel copies the flag first and the memory after it. If the last holder leaves in between,
 *     the forked process finds no holder and the flag changed. So it checks whether anybody has left
 *     since fork was called.
 *  3. A handler that forked while its thread waits for a child may return in the forked process. The
 *     block belongs to another process, so nothing is released there.
 */
#include "process/dumpable.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/prctl.h>

#include "base/fork_lock.h"

static struct fork_lock lock;

/* All on one page, because fork copies page by page (1). */
static _Alignas(16) struct {
	atomic_int holders;
	atomic_uint left;
	int flag;
} all;

static __thread unsigned left_before; /* (2) */

/* The change makes it what the system has for set-user-ID programs, 0 to 2. 2 can't be set again. */
static void restore(void)
{
	if (all.flag == 0 || all.flag == 1)
		prctl(PR_SET_DUMPABLE, all.flag, 0, 0, 0);
}

static void before_fork(void)
{
	left_before = all.left;
}

static void in_forked_child(void)
{
	if (all.holders > 0 || all.left != left_before)
		restore();
	all.holders = 0; /* (3) */
}

/* Under the lock: a signal handler that forks must not find libc in the middle of it. */
static void watch_forks(void)
{
	static bool done;
	if (!done)
		pthread_atfork(before_fork, NULL, in_forked_child);
	done = true;
}

void ss__dumpable_hold(void)
{
	sigset_t mask;
	ss__fork_lock_take(&lock, &mask);
	watch_forks();
	if (all.holders == 0)
		all.flag = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	all.holders++;
	ss__fork_lock_leave(&lock, &mask);
}

void ss__dumpable_release(void)
{
	sigset_t mask;
	ss__fork_lock_take(&lock, &mask);
	if (all.holders == 1)
		restore();
	all.left++;
	all.holders--;
	ss__fork_lock_leave(&lock, &mask);
}
