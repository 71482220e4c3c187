/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <safespawn.h>
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
	int cancel, saved = errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (child && child->reserved[0] == HANDLE_FILLED) {
		close_owned(&child->pidfd);
		close_owned(&child->in);
		close_owned(&child->out);
		close_owned(&child->err);
	}
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return 0;
}
