/* SPDX-License-Identifier: MIT */
/* What the kernel that the tests run under has. */
#include "kernel.h"

#include <sys/prctl.h>

/* Newer than some headers. */
enum { SET_SYSCALL_USER_DISPATCH = 59, DISPATCH_OFF = 0 };

bool kernel_dispatches_calls(void)
{
	return prctl(SET_SYSCALL_USER_DISPATCH, DISPATCH_OFF, 0, 0, 0) == 0;
}
