/* SPDX-License-Identifier: MIT */
/* ss_communicate, and what ss_run and ss_run_pipeline share with it. */
#include "process/communicate.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/public_result.h"
#include "process/exchange.h"
#include "process/handle.h"

/* The exchange and its arrays. One child needs no memory. */
struct session {
	const struct communication *communication;
	struct ss_result *results;
	struct exchange x;
	void *memory;
	struct reader readers[2];
	struct pollfd fds[4];
};

/* ---- Waiting and ending ---- */

static int await_end(const struct exchange *x, const struct ss_child *child)
{
	int error;
	if (x->deadline < 0 && ss__handle_is_alone())
		return 0; /* the reaping waits for it */
	pthread_setcancelstate(x->cancel_state, NULL);
	do {
		error = ss__handle_await(child, ss__deadline_left(x->deadline));
	} while (error == -EINTR);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return error;
}

/* A child that others have reaped is not waited for. */
static int await_ends(struct exchange *x)
{
	for (size_t i = 0; i < x->n; i++) {
		int error = await_end(x, &x->children[i]);
		if (error && error != -ECHILD)
			return error;
	}
	return 0;
}

static int carry_on(struct exchange *x)
{
	int error = ss__exchange_run(x);
	return error ? error : await_ends(x);
}

static int reap_all(struct session *s)
{
	int error = 0;
	for (size_t i = 0; i < s->x.n; i++) {
		struct ss_result *result = &s->results[i];
		int each = ss__handle_reap(&s->x.children[i], &result->status, &result->usage);
		result->status_known = each == 0;
		error = error ? error : each;
	}
	return error;
}

static void kill_families(struct exchange *x)
{
	for (size_t i = 0; i < x->n; i++) {
		ss__handle_kill_family(&x->children[i]);
		ss__handle_kill(&x->children[i], SIGKILL);
	}
}

/* A child that does not end is left to a later spawn, unless the caller knows it. */
static int reap_killed(struct session *s)
{
	const int64_t deadline = ss__deadline_in(HANDLE_MS_TO_DIE);
	int error = 0;
	for (size_t i = 0; i < s->x.n; i++) {
		struct ss_result *result = &s->results[i];
		struct ss_child *child = &s->x.children[i];
		int each =
			ss__handle_kill_and_reap(child, deadline, &result->status, &result->usage);
		result->status_known = each == 0;
		if (each == -ETIMEDOUT && s->communication->ends_children)
			ss__handle_leave(child);
		error = error ? error : each;
	}
	return error;
}

/* Their output is read meanwhile, because a full pipe would keep them from ending. */
static void give_grace(struct session *s)
{
	struct exchange *x = &s->x;
	if (s->communication->io->grace_ms == 0)
		return;
	x->deadline = ss__deadline_in(s->communication->io->grace_ms);
	for (size_t i = 0; i < x->n; i++)
		ss__handle_ask(&x->children[i]);
	carry_on(x);
}

/* The rest of the output is kept if possible. The first error stays the reason, even if somebody
 * else has reaped the child, it does not end, or memory runs out. */
static int end_children(struct session *s, int why)
{
	give_grace(s);
	kill_families(&s->x);
	int error = reap_killed(s);
	if (error == -EPERM)
		return error;
	ss__exchange_drain(&s->x);
	return why;
}

static int exchange_and_wait(struct session *s)
{
	int error = ss__exchange_enter(&s->x);
	if (!error)
		error = carry_on(&s->x);
	if (!error)
		return reap_all(s);
	for (size_t i = 0; i < s->x.n; i++)
		s->results[i].timed_out = error == -ETIMEDOUT;
	bool is_time = error == -ETIMEDOUT || error == -ECANCELED;
	return is_time || s->communication->ends_children ? end_children(s, error) : error;
}

/* ---- Results ---- */

static void move_text(struct buffer *text, char **to, size_t *len)
{
	ss__buffer_trim(text);
	*to = text->text;
	*len = text->len;
	*text = (struct buffer){0};
}

/* The first reader is the last child's stdout; the others are the stderr of each child. */
static void move_texts(struct session *s)
{
	struct ss_result *last = &s->results[s->x.n - 1];
	struct reader *readers = s->x.readers;
	if (s->communication->io->on_output)
		return;
	last->out_truncated = readers[0].text.truncated;
	move_text(&readers[0].text, &last->out, &last->out_len);
	for (size_t i = 0; i < s->x.n; i++) {
		struct ss_result *result = &s->results[i];
		result->err_truncated = readers[1 + i].text.truncated;
		move_text(&readers[1 + i].text, &result->err, &result->err_len);
		result->truncated = result->out_truncated || result->err_truncated;
	}
}

void ss__results_give(struct ss_result *given, struct ss_result *results, size_t n)
{
	size_t size = given ? given->size : 0;
	for (size_t i = 0; i < n; i++) {
		if (given)
			ss__sized_write((char *)given + i * size, &results[i], sizeof results[i]);
		else
			ss_result_free(&results[i]);
	}
}

/* ---- Session ---- */

static int find_room(struct session *s)
{
	size_t n = s->communication->n, n_fds = 2 + 2 * n;
	s->x.readers = s->readers;
	s->x.fds = s->fds;
	if (n == 1)
		return 0;
	s->memory = calloc(1, (n + 1) * sizeof *s->readers + n_fds * sizeof *s->fds);
	if (!s->memory)
		return -ENOMEM;
	s->x.readers = s->memory;
	s->x.fds = (struct pollfd *)(s->x.readers + n + 1);
	return 0;
}

static void add_reader(struct session *s, int *fd, int stream)
{
	const struct ss_io *io = s->communication->io;
	s->x.readers[s->x.n_readers++] = (struct reader){
		.fd = fd,
		.stream = stream,
		.text.limit = io->on_output ? 0 : io->limit,
	};
}

static int open_session(struct session *s)
{
	const struct communication *t = s->communication;
	s->x.children = t->children;
	s->x.n = t->n;
	s->x.io = t->io;
	s->x.input = t->io->input;
	s->x.input_len = t->io->input_len;
	s->x.deadline = t->deadline;
	int error = find_room(s);
	if (error)
		return error;
	add_reader(s, &t->children[t->n - 1].out, 1);
	for (size_t i = 0; i < t->n; i++)
		add_reader(s, &t->children[i].err, 2 + (int)i);
	return 0;
}

/* Runs at every end, even at cancellation. */
static void close_session(void *arg)
{
	struct session *s = arg;
	ss__exchange_leave(&s->x);
	free(s->memory);
}

int ss__communicate(const struct communication *communication, struct ss_result *results)
{
	struct session s = {.communication = communication, .results = results};
	struct cancel cancel;
	memset(results, 0, communication->n * sizeof *results);
	ss__cancel_off(&cancel);
	s.x.cancel_state = cancel.state;
	int error = open_session(&s);
	pthread_cleanup_push(close_session, &s);
	if (!error) {
		error = exchange_and_wait(&s);
		move_texts(&s);
	}
	pthread_cleanup_pop(1);
	ss__cancel_as_before(&cancel);
	return error;
}

/* ---- ss_communicate ---- */

int ss__io_read(struct ss_io *io, const struct ss_io *given)
{
	int error = ss__sized_read(io, sizeof *io, given, IO_FIRST_SIZE);
	if (error)
		return error;
	if (io->timeout_ms < -1 || io->grace_ms < -1 || io->flags & ~SS_IO_UNTIL_EXIT)
		return -EINVAL;
	return io->input_len && !io->input ? -EINVAL : 0;
}

int64_t ss__io_deadline(const struct ss_io *io)
{
	return ss__deadline_in(io->timeout_ms ? io->timeout_ms : -1);
}

static int check(
	const struct ss_child *child, const struct ss_io *io, const struct ss_result *result)
{
	int error = result ? ss__sized_check(result, RESULT_FIRST_SIZE) : 0;
	if (error)
		return error;
	if (!child || (io->input_len && child->in < 0))
		return -EINVAL;
	return child->pid <= 0 ? -ECHILD : 0;
}

static int communicate(struct ss_child *child, const struct ss_io *given, struct ss_result *result)
{
	struct ss_io io;
	struct ss_result mine;
	int error = ss__io_read(&io, given);
	if (!error)
		error = check(child, &io, result);
	if (error)
		return error;
	const struct communication communication = {
		.children = child, .n = 1, .io = &io, .deadline = ss__io_deadline(&io)};
	error = ss__communicate(&communication, &mine);
	ss__results_give(result, &mine, 1);
	return error;
}

int ss_communicate(struct ss_child *child, const struct ss_io *io, struct ss_result *result)
{
	int saved_errno = errno;
	int error = communicate(child, io, result);
	return ss__public_result(error, saved_errno);
}

void ss_result_free(struct ss_result *result)
{
	if (!result)
		return;
	free(result->out);
	free(result->err);
	result->out = result->err = NULL;
	result->out_len = result->err_len = 0;
}
