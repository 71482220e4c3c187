/* SPDX-License-Identifier: MIT */
/* Deadlines: points in time, and the time left until then. */
#include "base/clock.h"

#include <limits.h>

/* Rounded down: a wait may end up to a millisecond late, never early. */
static int64_t now_ms(void)
{
	return (int64_t)(ss__now_ns() / 1000000);
}

int64_t ss__deadline_in(int timeout_ms)
{
	if (timeout_ms < 0)
		return -1;
	return timeout_ms == 0 ? 0 : now_ms() + timeout_ms + 1;
}

int ss__deadline_left(int64_t deadline)
{
	if (deadline <= 0)
		return (int)deadline;
	int64_t left = deadline - now_ms();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}
