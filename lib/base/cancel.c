/* SPDX-License-Identifier: MIT */
/*
 * Hazard: asynchronous cancellation is a signal in glibc. A signal that was sent before the thread
 * switched cancellation off, and arrives later, takes effect all the same. It has no effect in a
 * thread whose cancellation is deferred, so both are switched.
 */
#include "base/cancel.h"

#include <pthread.h>

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
