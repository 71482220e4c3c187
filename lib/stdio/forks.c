/* SPDX-License-Identifier: MIT */
#include "stdio/forks.h"

#include <pthread.h>

#include "stdio/interrupts.h"
#include "stdio/streams.h"

static __thread unsigned depth; /* more than one if a signal handler forks */

bool forks_here(void)
{
	return depth > 0;
}

static void before(void)
{
	if (depth == 0) {
		interrupts_before_fork();
		streams_before_fork();
	}
	depth++;
}

static void in_parent(void)
{
	if (--depth > 0)
		return;
	streams_after_fork();
	interrupts_after_fork();
}

static void in_child(void)
{
	depth = 1;
	interrupts_in_child();
	in_parent();
}

void forks_register(void)
{
	pthread_atfork(before, in_parent, in_child);
}
