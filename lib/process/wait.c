/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include <safespawn.h>
#include "base/cancel.h"
#include "process/handle.h"

static int wait_for(struct ss_child *child, int *status, int timeout_ms)
{
	if (!child || timeout_ms < -1)
		return -EINVAL;
	if (timeout_ms < 0 && ss__cancel_is_impossible())
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
