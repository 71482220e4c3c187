/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "stdio/forks.h"

/* A signal handler that forks must not come in between: it would wait for itself. */
void forks_watch(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static atomic_bool done;
	sigset_t all, mask;

	if (atomic_load_explicit(&done, memory_order_acquire))
		return;
	memset(&all, -1, sizeof all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	pthread_once(&once, forks_register);
	atomic_store_explicit(&done, true, memory_order_release);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}
