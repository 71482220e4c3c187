/* SPDX-License-Identifier: MIT */
#include <safespawn.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "process/cancel.h"
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

/* Cancelled half-way it would leave the child to nobody. */
int ss_pclose(FILE *file)
{
	struct cancel cancel;
	int before = errno;

	cancel_off(&cancel);
	struct stream *stream = stream_take(file);
	if (!stream) {
		cancel_as_before(&cancel);
		return pclose(file);
	}
	int status = close_and_wait(file, stream->pid);
	int after = status == -1 ? errno : before;
	free(stream);
	cancel_as_before(&cancel);
	errno = after;
	return status;
}
