/* SPDX-License-Identifier: MIT */
/* For machines without lean fork: every fork is libc's. But a fork that the heuristic overcommit
 * mode has refused is rescued, because this takes a native fork only. */
#include <errno.h>

#include "preload/leanfork/leanfork.h"
#include "preload/leanfork/parent_split.h"
#include "preload/leanfork/trigger.h"

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

void trigger_try(void)
{
}

static pid_t rescue(const struct lean_options *options, struct lean_result *result)
{
	pid_t pid = split_fork(options->libc_fork);
	result->outcome = pid < 0 ? LEAN_FAILED : LEAN_DONE;
	result->reason = pid < 0 ? LEAN_KERNEL : LEAN_FINE;
	return pid;
}

pid_t lean_fork(const struct lean_options *options, struct lean_result *result)
{
	*result = (struct lean_result){
		.outcome = LEAN_NATIVE, .reason = LEAN_KERNEL, .call = LEAN_NO_CALL};
	if (options->kind == LEAN_RESCUE && !options->untried)
		return rescue(options, result);
	return lean_native(options->libc_fork);
}
