/* SPDX-License-Identifier: MIT */
/*
 * Feeds and reads children through their pipes, all at once. Hazards, answered below by number:
 *
 *  1. A sanitizer does not notice that a cancellation ends the life of a local, so poll's array
 *     lies in the caller's memory. A cancelled close would not be recorded, so poll is the only
 *     cancellation point.
 *  2. A child that writes without a pause always gives poll something to return. So the clock is
 *     read.
 *  3. A process that got away may go on writing after the child has ended. So only what the pipe
 *     holds at that moment is read.
 *  4. A write may block although poll reports room. So the input is non-blocking meanwhile. Where
 *     this is refused, each write has at most PIPE_BUF bytes, which do not block. Reads do not
 *     block after POLLIN.
 *  5. on_output is the caller's code, so it runs with the caller's signals.
 */
#include "process/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/handle.h"

enum { MOST_DRAINED = 1 << 20, PIECE = 1 << 16, STEP_MS = 20 };

/* ---- Pipes ---- */

/*
 * Changes our end only, because the child's end is another open file. 1: changed; 0: it was
 * non-blocking; -errno.
 */
static int dont_block(int fd)
{
	int flags = fd < 0 ? O_NONBLOCK : fcntl(fd, F_GETFL);
	if (flags >= 0 && flags & O_NONBLOCK)
		return 0;
	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 1;
}

static void block(int fd)
{
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static int *input_fd(const struct exchange *x)
{
	return &x->children[0].in;
}

static void guard(struct exchange *x)
{
	ss__write_guard_hold(&x->guard);
	x->guarded = true;
}

static void unguard(struct exchange *x)
{
	if (x->guarded)
		ss__write_guard_release(&x->guard);
	x->guarded = false;
}

static void end_pipe(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void end_input(struct exchange *x)
{
	end_pipe(input_fd(x));
	unguard(x);
}

/* EPIPE: the child does not want the input. That is no error. */
static int feed(struct exchange *x)
{
	bool little = x->writes_may_block && x->input_len > PIPE_BUF; /* (4) */
	ssize_t n = write(*input_fd(x), x->input, little ? PIPE_BUF : x->input_len);
	if (n < 0 && errno != EPIPE)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n >= 0) {
		x->input += n;
		x->input_len -= (size_t)n;
	}
	if (n < 0 || x->input_len == 0)
		end_input(x);
	return 0;
}

/* (5) */
static int give(struct exchange *x, struct reader *reader)
{
	const struct ss_io *io = x->io;
	struct buffer *text = &reader->text;
	size_t len = text->len;
	bool guarded = x->guarded;
	text->len = 0;
	if (len == 0 || x->refused_more)
		return 0;
	unguard(x);
	x->refused_more = io->on_output(io->context, reader->stream, text->text, len) != 0;
	if (guarded)
		guard(x);
	return x->refused_more ? -ECANCELED : 0;
}

/* EIO is the end of file of a terminal whose other side is gone. */
static bool is_end(int fd, int error)
{
	return error == EIO && isatty(fd);
}

/* Bytes read; 0: none now, or the end, where the pipe is closed; -errno. */
static ssize_t take(struct exchange *x, struct reader *reader)
{
	struct buffer *into = &reader->text;
	int error = ss__buffer_make_room(into);
	if (error)
		return error;
	ssize_t n = read(*reader->fd, into->text + into->len, ss__buffer_spare(into));
	int failed = n < 0 ? errno : 0;
	if (failed && is_end(*reader->fd, failed))
		n = 0;
	else if (failed)
		return failed == EAGAIN || failed == EINTR ? 0 : -failed;
	if (n == 0)
		end_pipe(reader->fd);
	ss__buffer_added(into, (size_t)n);
	error = x->io->on_output ? give(x, reader) : 0;
	return error ? error : n;
}

/* ---- What is polled: the input, the readers, with SS_IO_UNTIL_EXIT the children ---- */

static void watch(struct exchange *x, size_t at, int fd, short events)
{
	x->fds[at] = (struct pollfd){.fd = fd, .events = events};
	x->open += at <= x->n_readers && fd >= 0;
}

static void watch_all(struct exchange *x)
{
	x->open = 0;
	x->running = 0;
	x->n_fds = 1 + x->n_readers;
	watch(x, 0, *input_fd(x), POLLOUT);
	for (size_t i = 0; i < x->n_readers; i++)
		watch(x, 1 + i, *x->readers[i].fd, POLLIN);
	if (!(x->io->flags & SS_IO_UNTIL_EXIT))
		return;
	for (size_t i = 0; i < x->n; i++) {
		watch(x, x->n_fds++, x->children[i].pidfd, POLLIN);
		x->running++;
	}
}

static void unwatch(struct exchange *x, size_t at)
{
	x->fds[at].fd = -1;
	x->open--;
}

static int serve(struct exchange *x)
{
	ssize_t n = 0;
	if (x->fds[0].revents && x->fds[0].fd >= 0) {
		n = feed(x);
		if (*input_fd(x) < 0)
			unwatch(x, 0);
	}
	for (size_t i = 0; n >= 0 && i < x->n_readers; i++) {
		if (!x->fds[1 + i].revents || x->fds[1 + i].fd < 0)
			continue;
		n = take(x, &x->readers[i]);
		if (*x->readers[i].fd < 0)
			unwatch(x, 1 + i);
	}
	return n < 0 ? (int)n : 0;
}

/* A child that runs is in the array. A child without a pidfd is looked at in each turn. */
static bool has_ended(const struct pollfd *at, const struct ss_child *child)
{
	return at->events && (at->fd < 0 || at->revents) &&
	       ss__handle_await(child, 0) != -ETIMEDOUT;
}

/* True when all have ended. */
static bool look_for_ends(struct exchange *x)
{
	struct pollfd *children = &x->fds[1 + x->n_readers];
	for (size_t i = 0; i < x->n; i++) {
		if (!has_ended(&children[i], &x->children[i]))
			continue;
		children[i] = (struct pollfd){.fd = -1};
		x->running--;
	}
	return x->running == 0;
}

static int most_ms(const struct exchange *x, int left)
{
	for (size_t i = 1 + x->n_readers; i < x->n_fds; i++)
		if (x->fds[i].events && x->fds[i].fd < 0)
			return left < 0 || left > STEP_MS ? STEP_MS : left;
	return left;
}

/* (1) All the waiting is in here. */
static int await_any(struct exchange *x, int timeout_ms)
{
	pthread_setcancelstate(x->cancel_state, NULL);
	int n = poll(x->fds, (nfds_t)x->n_fds, most_ms(x, timeout_ms));
	int result = n < 0 ? -errno : n;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return result;
}

/* ---- What is left when all has ended ---- */

/* (3) */
static size_t held_by(int fd)
{
	int n;
	return ioctl(fd, FIONREAD, &n) < 0 || n < 0 ? MOST_DRAINED : (size_t)n;
}

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, 0) > 0;
}

static int drain(struct exchange *x, struct reader *reader)
{
	if (*reader->fd < 0)
		return 0;
	size_t held = held_by(*reader->fd);
	ssize_t n = 0;
	while (held > 0 && is_readable(*reader->fd) && (n = take(x, reader)) > 0)
		held -= (size_t)n < held ? (size_t)n : held;
	end_pipe(reader->fd);
	return n < 0 ? (int)n : 0;
}

/* The first error counts. The pipes are closed in any case. */
static int drain_all(struct exchange *x)
{
	int error = 0;
	end_input(x);
	for (size_t i = 0; i < x->n_readers; i++) {
		int each = drain(x, &x->readers[i]);
		error = error ? error : each;
	}
	return error;
}

void ss__exchange_drain(struct exchange *x)
{
	drain_all(x);
}

/* ---- From beginning to end ---- */

static int make_room(struct exchange *x, struct reader *reader)
{
	if (*reader->fd < 0)
		return 0;
	return x->io->on_output ? ss__buffer_reserve(&reader->text, PIECE)
				: ss__buffer_make_room(&reader->text);
}

int ss__exchange_enter(struct exchange *x)
{
	int error = 0;
	for (size_t i = 0; !error && i < x->n_readers; i++)
		error = make_room(x, &x->readers[i]);
	if (error)
		return error;
	if (x->input_len == 0)
		end_input(x);
	else
		guard(x);
	int changed = dont_block(*input_fd(x));
	x->in_blocked = changed > 0;
	x->writes_may_block = changed < 0;
	return 0;
}

int ss__exchange_run(struct exchange *x)
{
	watch_all(x);
	while (x->open > 0) {
		int left = ss__deadline_left(x->deadline);
		int n = await_any(x, left);
		if (n < 0 && n != -EINTR)
			return n;
		if (left == 0)
			return -ETIMEDOUT; /* (2) */
		int error = n > 0 ? serve(x) : 0;
		if (error)
			return error;
		if (x->n_fds > 1 + x->n_readers && look_for_ends(x))
			return drain_all(x);
	}
	return 0;
}

void ss__exchange_leave(struct exchange *x)
{
	unguard(x);
	if (x->in_blocked)
		block(*input_fd(x));
	for (size_t i = 0; i < x->n_readers; i++)
		ss__buffer_free(&x->readers[i].text);
}
