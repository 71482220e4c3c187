/* SPDX-License-Identifier: MIT */
/* Where lean fork isn't known to work: every fork is libc's. */
#include <errno.h>

#include "preload/leanfork/leanfork.h"

bool lean_is_child(void)
{
	return false;
}

uint64_t lean_estimate(void)
{
	return 0;
}

bool lean_refused(void)
{
	return false;
}

bool lean_may_report(void)
{
	return false;
}

pid_t lean_native(pid_t (*libc_fork)(void))
{
	return libc_fork();
}

pid_t lean_fork(const struct lean_wish *wish, struct lean_result *result)
{
	*result = (struct lean_result){
		.outcome = LEAN_NATIVE, .reason = LEAN_KERNEL, .call = LEAN_NO_CALL};
	if (wish->kind == LEAN_EAGER || wish->untried)
		return wish->libc_fork();
	result->outcome = LEAN_FAILED;
	errno = ENOMEM;
	return -1;
}
