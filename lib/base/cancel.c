/* SPDX-License-Identifier: MIT */
/*
 * Hazard: asynchronous cancellation is a signal in glibc. One that was sent before the thread
 * switched cancellation off, and comes after, takes effect all the same, but not in a thread whose
 * cancellation is deferred.
 */
#include "base/cancel.h"

#include <pthread.h>
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 32)
#include <sys/single_threaded.h>
#define HAS_SINGLE_THREADED
#endif
#endif

void ss__cancel_off(struct cancel *before)
{
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &before->type);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before->state);
}

void ss__cancel_as_before(const struct cancel *before)
{
	pthread_setcancelstate(before->state, NULL);
	pthread_setcanceltype(before->type, NULL);
}

/* pthread_cancel is not for signal handlers: a thread that is alone has nobody who could call it. */
bool ss__cancel_is_impossible(void)
{
#ifdef HAS_SINGLE_THREADED
	return __libc_single_threaded;
#else
	return false;
#endif
}
