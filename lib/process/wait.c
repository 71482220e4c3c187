/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 32)
#include <sys/single_threaded.h>
#define HAS_SINGLE_THREADED
#endif
#endif

#include <safespawn.h>
#include "process/handle.h"

/*
 * Whether nobody can cancel the calling thread until it makes another one: pthread_cancel is not for
 * signal handlers. Here, because a variable of libc's must not get into the shim.
 */
static bool is_alone(void)
{
#ifdef HAS_SINGLE_THREADED
	return __libc_single_threaded;
#else
	return false;
#endif
}

static int wait_for(struct ss_child *child, int *status, int timeout_ms)
{
	if (!child || timeout_ms < -1)
		return -EINVAL;
	if (timeout_ms < 0 && is_alone())
		return ss__handle_reap_once(child, status, NULL);
	int error = ss__handle_await(child, timeout_ms);
	return error ? error : ss__handle_reap(child, status, NULL);
}

int ss_wait(struct ss_child *child, int *status, int timeout_ms)
{
	int saved = errno;
	int error = wait_for(child, status, timeout_ms);
	errno = error ? -error : saved;
	return error ? -1 : 0;
}
