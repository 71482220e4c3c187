/* SPDX-License-Identifier: MIT */
/*
 * SIGINT and SIGQUIT during ss_system. The last caller to leave need not be the first that came, so
 * the saved dispositions belong to the process. A forked child has none of the threads that would
 * restore them: see base/fork_count.h.
 */
#include "stdio/interrupts.h"

#include <stddef.h>

#include "base/fork_count.h"

static _Alignas(512) struct {
	struct fork_count count;
	struct sigaction saved_int, saved_quit;
} keys;
_Static_assert(sizeof keys <= 512, "on one page");

static __thread unsigned waiting_here; /* more than 1 if a signal handler calls ss_system */
static __thread unsigned left_before_fork;

static void put_back(void)
{
	sigaction(SIGINT, &keys.saved_int, NULL);
	sigaction(SIGQUIT, &keys.saved_quit, NULL);
}

static void before_fork(void)
{
	left_before_fork = keys.count.left;
}

/* If a signal handler forked, this thread may itself be waiting. */
static void in_child(void)
{
	ss__fork_count_in_child(&keys.count, left_before_fork, waiting_here, put_back);
}

static void save_and_ignore(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, NULL, &keys.saved_int);
	sigaction(SIGQUIT, NULL, &keys.saved_quit);
	keys.count.holders = 1;
	sigaction(SIGINT, &ignore, &keys.saved_int);
	sigaction(SIGQUIT, &ignore, &keys.saved_quit);
}

void ss__interrupts_ignore(sigset_t *reset)
{
	sigset_t mask;

	sigemptyset(reset);
	ss__fork_count_lock(&keys.count, before_fork, in_child, &mask);
	waiting_here++;
	if (keys.count.holders == 0)
		save_and_ignore();
	else
		keys.count.holders++;
	if (keys.saved_int.sa_handler != SIG_IGN)
		sigaddset(reset, SIGINT);
	if (keys.saved_quit.sa_handler != SIG_IGN)
		sigaddset(reset, SIGQUIT);
	ss__fork_lock_leave(&keys.count.lock, &mask);
}

void ss__interrupts_restore(void)
{
	waiting_here--;
	ss__fork_count_release(&keys.count, put_back);
}
