/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include <safespawn.h>
#include "base/cancel.h"
#include "process/handle.h"

static void close_owned(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int ss_release(struct ss_child *child)
{
	/* A cancelled close leaves its descriptor open. */
	struct cancel cancel;
	int saved = errno;
	ss__cancel_off(&cancel);
	if (child && child->reserved[0] == HANDLE_FILLED) {
		close_owned(&child->pidfd);
		close_owned(&child->in);
		close_owned(&child->out);
		close_owned(&child->err);
	}
	ss__cancel_as_before(&cancel);
	errno = saved;
	return 0;
}
