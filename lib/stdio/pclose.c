/* SPDX-License-Identifier: MIT */
#include <safespawn.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "stdio/streams.h"

/* libc's: the command's status counts, and with status 0 whether everything could be written. */
static int close_and_wait(FILE *file, pid_t pid)
{
	int status, closed = fclose(file), error = errno;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	if (status != 0 || closed == 0)
		return status;
	errno = error;
	return -1;
}

int ss_pclose(FILE *file)
{
	struct stream *stream = stream_take(file);
	int before = errno, cancel;

	if (!stream)
		return pclose(file);
	/* Cancelled half-way it would leave the child to nobody. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	int status = close_and_wait(file, stream->pid);
	int after = status == -1 ? errno : before;
	free(stream);
	pthread_setcancelstate(cancel, NULL);
	errno = after;
	return status;
}
