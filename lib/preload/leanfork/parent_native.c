/* SPDX-License-Identifier: MIT */
/* An ordinary fork, which takes its turn. */
#include <errno.h>

#include "preload/leanfork/leanfork.h"
#include "preload/leanfork/parent_lock.h"
#include "preload/leanfork/parent_split.h"

pid_t lean_native(pid_t (*libc_fork)(void))
{
	if (lean_is_child())
		return libc_fork();
	bool locked = lock_native();
	pid_t pid = libc_fork();
	int saved_errno = errno;
	if (pid == 0) {
		lock_reset();
		split_reset();
	} else if (locked) {
		unlock_native();
	}
	errno = saved_errno;
	return pid;
}
