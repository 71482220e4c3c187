/* SPDX-License-Identifier: MIT */
/*
 * Hazard: glibc cancels an asynchronous thread by a signal. A signal sent before the thread
 * switched cancellation off may arrive later, and then still takes effect. It has no effect in a
 * thread whose cancellation is deferred. So both are switched.
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
