/* SPDX-License-Identifier: MIT */
/* For machines whose signal masks are not known: no fork is rescued. */
#include <errno.h>

#include "preload/leanfork/leanfork.h"
#include "preload/leanfork/parent_split.h"

bool lean_may_report(void)
{
	return false;
}

pid_t lean_native(pid_t (*libc_fork)(void))
{
	return libc_fork();
}

pid_t split_fork(pid_t (*libc_fork)(void))
{
	(void)libc_fork;
	errno = ENOMEM;
	return -1;
}
