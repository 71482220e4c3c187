/* SPDX-License-Identifier: MIT */
/* System calls by libc where there is no lean fork, because nothing is dispatched. */
#include <errno.h>
#include <unistd.h>

#include "preload/leanfork/gate.h"

long gate_call(long nr, long a, long b, long c, long d, long e, long f)
{
	int saved_errno = errno;
	long result = syscall(nr, a, b, c, d, e, f);
	if (result == -1)
		result = -errno;
	errno = saved_errno;
	return result;
}
