/* SPDX-License-Identifier: MIT */
/*
 * Hazards, answered below by number:
 * 1. The last caller to leave is not the first that came: what is put back belongs to neither.
 * 2. A child forked meanwhile has none of the threads that would put it back, and would ignore the
 *    terminal's keys for ever; nor the one that may hold the lock.
 */
#include "stdio/interrupts.h"

#include <pthread.h>

#include "stdio/forks.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned waiting;
static __thread unsigned waiting_here;         /* more than one if a signal handler calls us */
static struct sigaction saved_int, saved_quit; /* (1) */

static void take_lock(void)
{
	forks_watch();
	if (!forks_here())
		pthread_mutex_lock(&lock);
}

static void leave_lock(void)
{
	if (!forks_here())
		pthread_mutex_unlock(&lock);
}

static void put_back(void)
{
	sigaction(SIGINT, &saved_int, NULL);
	sigaction(SIGQUIT, &saved_quit, NULL);
}

void interrupts_ignore(sigset_t *reset)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(reset);
	take_lock();
	waiting_here++;
	if (waiting++ == 0) {
		sigaction(SIGINT, &ignore, &saved_int);
		sigaction(SIGQUIT, &ignore, &saved_quit);
	}
	if (saved_int.sa_handler != SIG_IGN)
		sigaddset(reset, SIGINT);
	if (saved_quit.sa_handler != SIG_IGN)
		sigaddset(reset, SIGQUIT);
	leave_lock();
}

void interrupts_restore(void)
{
	take_lock();
	waiting_here--;
	if (--waiting == 0)
		put_back();
	leave_lock();
}

void interrupts_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void interrupts_after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

/* (2) This thread itself is waiting if it was a signal handler that forked. */
void interrupts_in_child(void)
{
	if (waiting > 0 && waiting_here == 0)
		put_back();
	waiting = waiting_here;
}
