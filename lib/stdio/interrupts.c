/* SPDX-License-Identifier: MIT */
/*
 * Hazards, answered below by number:
 * 1. The last caller to leave is not the first that came: what is put back belongs to neither.
 * 2. A child forked meanwhile has none of the threads that would put it back, and would ignore the
 *    terminal's keys for ever. It may be forked between any two of the steps below, so that what is
 *    saved has to be right before `waiting` says so, and for as long as it does.
 */
#include "stdio/interrupts.h"

#include <pthread.h>
#include <stdatomic.h>

#include "process/fork_lock.h"

static struct fork_lock lock;
static atomic_uint waiting;
static __thread unsigned waiting_here;         /* more than one if a signal handler calls us */
static struct sigaction saved_int, saved_quit; /* (1) */

static void put_back(void)
{
	sigaction(SIGINT, &saved_int, NULL);
	sigaction(SIGQUIT, &saved_quit, NULL);
}

/* (2) This thread itself is waiting if it was a signal handler that forked. */
static void in_forked_child(void)
{
	if (waiting > 0 && waiting_here == 0)
		put_back();
	waiting = waiting_here;
}

static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, in_forked_child);
}

static void save_and_ignore(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, NULL, &saved_int);
	sigaction(SIGQUIT, NULL, &saved_quit);
	waiting = 1;
	sigaction(SIGINT, &ignore, &saved_int);
	sigaction(SIGQUIT, &ignore, &saved_quit);
}

void interrupts_ignore(sigset_t *reset)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sigset_t mask;

	sigemptyset(reset);
	pthread_once(&once, watch_forks);
	fork_lock_take(&lock, &mask);
	waiting_here++;
	if (waiting == 0)
		save_and_ignore();
	else
		waiting++;
	if (saved_int.sa_handler != SIG_IGN)
		sigaddset(reset, SIGINT);
	if (saved_quit.sa_handler != SIG_IGN)
		sigaddset(reset, SIGQUIT);
	fork_lock_leave(&lock, &mask);
}

void interrupts_restore(void)
{
	sigset_t mask;

	fork_lock_take(&lock, &mask);
	waiting_here--;
	if (waiting == 1)
		put_back();
	waiting--;
	fork_lock_leave(&lock, &mask);
}
