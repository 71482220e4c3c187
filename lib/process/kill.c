/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include <safespawn.h>
#include "process/handle.h"

int ss_kill(struct ss_child *child, int sig)
{
	int saved = errno;
	int error = child ? ss__handle_kill(child, sig) : -EINVAL;
	errno = error ? -error : saved;
	return error ? -1 : 0;
}
