/* SPDX-License-Identifier: MIT */
#include "process/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"

enum { MOST_DRAINED = 1 << 20 };

static void end_pipe(int *fd)
{
	close(*fd);
	*fd = -1;
}

/* Our end only: the child's is another open file. True if that has changed it. */
static bool dont_block(int fd)
{
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
	if (flags < 0 || flags & O_NONBLOCK)
		return false;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static void block(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

/* EPIPE: the child does not want it, which is its own affair. */
static int feed(struct exchange *x)
{
	ssize_t n = write(x->child->in, x->input, x->input_len);
	if (n < 0 && errno != EPIPE)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n >= 0) {
		x->input += n;
		x->input_len -= (size_t)n;
	}
	if (n < 0 || x->input_len == 0)
		end_pipe(&x->child->in);
	return 0;
}

/* How much has come; 0: nothing now, or the end (the pipe is closed then), -errno. */
static ssize_t take(int *fd, struct buffer *into)
{
	int error = ss__buffer_make_room(into);
	if (error)
		return error;
	ssize_t n = read(*fd, into->text + into->len, ss__buffer_spare(into));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		end_pipe(fd);
	ss__buffer_added(into, (size_t)n);
	return n;
}

static int serve(struct exchange *x)
{
	ssize_t n = 0;
	if (x->fds[0].revents)
		n = feed(x);
	if (n >= 0 && x->fds[1].revents)
		n = take(&x->child->out, &x->out);
	if (n >= 0 && x->fds[2].revents)
		n = take(&x->child->err, &x->err);
	return n < 0 ? (int)n : 0;
}

/* All the waiting is in here. A close that is cancelled would not be noted down. */
static int await_any(struct exchange *x, int timeout_ms)
{
	x->fds[0] = (struct pollfd){.fd = x->child->in, .events = POLLOUT};
	x->fds[1] = (struct pollfd){.fd = x->child->out, .events = POLLIN};
	x->fds[2] = (struct pollfd){.fd = x->child->err, .events = POLLIN};
	pthread_setcancelstate(x->cancel_state, NULL);
	int n = poll(x->fds, 3, timeout_ms);
	int result = n < 0 ? -errno : n;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return result;
}

int ss__exchange_run(struct exchange *x)
{
	struct ss_child *child = x->child;
	if (child->in >= 0 && x->input_len == 0)
		end_pipe(&child->in);
	x->changed[0] = dont_block(child->in);
	x->changed[1] = dont_block(child->out);
	x->changed[2] = dont_block(child->err);
	while (child->in >= 0 || child->out >= 0 || child->err >= 0) {
		int left = ss__deadline_left(x->deadline);
		int n = await_any(x, left);
		if (n < 0 && n != -EINTR)
			return n;
		/* A child that writes without a pause always gives poll something to report. */
		if (n == 0 || left == 0)
			return -ETIMEDOUT;
		int error = n > 0 ? serve(x) : 0;
		if (error)
			return error;
	}
	return 0;
}

static void drain(int *fd, struct buffer *into)
{
	ssize_t n = *fd >= 0;
	for (ssize_t all = 0; n > 0 && all < MOST_DRAINED; all += n)
		n = take(fd, into);
	if (*fd >= 0)
		end_pipe(fd);
}

void ss__exchange_drain(struct exchange *x)
{
	if (x->child->in >= 0)
		end_pipe(&x->child->in);
	drain(&x->child->out, &x->out);
	drain(&x->child->err, &x->err);
}

void ss__exchange_leave(struct exchange *x)
{
	const int fds[] = {x->child->in, x->child->out, x->child->err};
	for (int i = 0; i < 3; i++)
		if (x->changed[i] && fds[i] >= 0)
			block(fds[i]);
}
