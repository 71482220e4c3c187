/* SPDX-License-Identifier: MIT */
/* ss_pclose. */
#include <safespawn.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cancel.h"
#include "stdio/streams.h"

/* In a forked child the stream still belongs to the parent. */
static bool is_our_child(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/*
 * If a socket is closed with unread data, the command's reads of its input fail with ECONNRESET. So
 * everything is written out before our reading side is shut. That ends a command that still writes.
 */
static int hang_up(const struct stream *stream)
{
	char unread[4096];
	int error = fflush(stream->file) ? -errno : 0;

	shutdown(stream->fd, SHUT_RD);
	while (recv(stream->fd, unread, sizeof unread, MSG_DONTWAIT) > 0)
		continue;
	return error;
}

static int close_file(const struct stream *stream)
{
	int error = stream->both && is_our_child(stream->pid) ? hang_up(stream) : 0;

	return fclose(stream->file) && error == 0 ? -errno : error;
}

/* As in libc: a command's failure counts first, then a failure to write. */
static int close_and_wait(const struct stream *stream)
{
	int status, closed = close_file(stream);

	while (waitpid(stream->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	if (status != 0 || closed == 0)
		return status;
	errno = -closed;
	return -1;
}

/* Cancellation is off, because a cancelled close would leave a child that nobody waits for. */
int ss_pclose(FILE *file)
{
	struct cancel cancel;
	int saved_errno = errno;

	ss__cancel_off(&cancel);
	struct stream *stream = ss__stream_take(file);
	if (!stream) {
		ss__cancel_as_before(&cancel);
		return pclose(file);
	}
	int status = close_and_wait(stream);
	int after = status == -1 ? errno : saved_errno;
	free(stream);
	ss__cancel_as_before(&cancel);
	errno = after;
	return status;
}
