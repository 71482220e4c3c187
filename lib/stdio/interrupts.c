/* SPDX-License-Identifier: MIT */
/*
 * SIGINT and SIGQUIT during ss_system. Hazards, answered below by number:
 * 1. The last caller to leave need not be the first that came, so the saved dispositions belong to
 *    neither.
 * 2. A child forked meanwhile has none of the threads that would restore them, and would ignore the
 *    terminal's keys for ever. It may be forked between any two steps below. So the saved
 *    dispositions are valid before `waiting` says so, and for as long as it does.
 * 3. The kernel copies the dispositions first and then the memory, page by page. If the last caller
 *    leaves in between, the child finds nobody waiting and the keys ignored. So it checks whether
 *    anybody has left since fork was called.
 */
#include "stdio/interrupts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/fork_lock.h"

static struct fork_lock lock;

/* All on one page, see (3). */
static _Alignas(512) struct {
	atomic_uint waiting;
	atomic_uint left;
	struct sigaction saved_int, saved_quit; /* (1) */
} all;
_Static_assert(sizeof all <= 512, "as aligned");

static __thread unsigned waiting_here; /* more than one if a signal handler calls ss_system */
static __thread unsigned left_before;  /* (3) */

static void put_back(void)
{
	sigaction(SIGINT, &all.saved_int, NULL);
	sigaction(SIGQUIT, &all.saved_quit, NULL);
}

static void before_fork(void)
{
	left_before = all.left;
}

/* (2) If a signal handler forked, this thread is itself one that waits. */
static void in_forked_child(void)
{
	if (waiting_here == 0 && (all.waiting > 0 || all.left != left_before))
		put_back();
	all.waiting = waiting_here;
}

/* Done under the lock, because a signal handler that forks must not interrupt libc here. */
static void watch_forks(void)
{
	static bool done;
	if (!done)
		pthread_atfork(before_fork, NULL, in_forked_child);
	done = true;
}

static void save_and_ignore(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, NULL, &all.saved_int);
	sigaction(SIGQUIT, NULL, &all.saved_quit);
	all.waiting = 1;
	sigaction(SIGINT, &ignore, &all.saved_int);
	sigaction(SIGQUIT, &ignore, &all.saved_quit);
}

void ss__interrupts_ignore(sigset_t *reset)
{
	sigset_t mask;

	sigemptyset(reset);
	ss__fork_lock_take(&lock, &mask);
	watch_forks();
	waiting_here++;
	if (all.waiting == 0)
		save_and_ignore();
	else
		all.waiting++;
	if (all.saved_int.sa_handler != SIG_IGN)
		sigaddset(reset, SIGINT);
	if (all.saved_quit.sa_handler != SIG_IGN)
		sigaddset(reset, SIGQUIT);
	ss__fork_lock_leave(&lock, &mask);
}

void ss__interrupts_restore(void)
{
	sigset_t mask;

	ss__fork_lock_take(&lock, &mask);
	waiting_here--;
	if (all.waiting == 1)
		put_back();
	all.left++;
	all.waiting--;
	ss__fork_lock_leave(&lock, &mask);
}
