/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <safespawn.h>
#include "base/cancel.h"
#include "process/communicate.h"
#include "base/clock.h"
#include "process/exchange.h"
#include "process/handle.h"
#include "base/sized.h"
#include "base/write_guard.h"

/* What has to be undone however the conversation ends, cancellation included. */
struct talk {
	struct exchange exchange;
	struct write_guard guard;
};

static void end_talk(void *arg)
{
	struct talk *talk = arg;
	ss__write_guard_release(&talk->guard);
	ss__exchange_leave(&talk->exchange);
	ss__buffer_free(&talk->exchange.out);
	ss__buffer_free(&talk->exchange.err);
}

static int await_end(const struct exchange *x)
{
	int error, off;
	pthread_setcancelstate(x->cancel_state, &off);
	do {
		error = ss__handle_await(x->child, ss__deadline_left(x->deadline));
	} while (error == -EINTR);
	pthread_setcancelstate(off, NULL);
	return error;
}

/*
 * Whatever can still be had is kept. That somebody else has reaped the child, or that memory runs
 * out for the rest of its output, does not change that its time was over.
 */
static int kill_and_collect(struct exchange *x, struct ss_result *result)
{
	if (x->child->own_group)
		ss__handle_kill_group(x->child, SIGKILL);
	int error = ss__handle_kill_and_reap(x->child, &result->status, &result->usage);
	if (error == -EPERM)
		return error;
	ss__exchange_drain(x);
	result->timed_out = 1;
	return 0;
}

static int prepare_texts(struct exchange *x)
{
	int error = x->child->out >= 0 ? ss__buffer_make_room(&x->out) : 0;
	if (!error && x->child->err >= 0)
		error = ss__buffer_make_room(&x->err);
	return error;
}

/* 0: the result counts. */
static int converse(struct exchange *x, struct ss_result *result)
{
	int error = prepare_texts(x);
	if (!error)
		error = ss__exchange_run(x);
	if (!error)
		error = await_end(x);
	if (!error)
		return ss__handle_reap(x->child, &result->status, &result->usage);
	return error == -ETIMEDOUT ? kill_and_collect(x, result) : error;
}

static void move_texts(struct ss_result *result, struct exchange *x)
{
	ss__buffer_trim(&x->out);
	ss__buffer_trim(&x->err);
	result->out = x->out.text;
	result->out_len = x->out.len;
	result->err = x->err.text;
	result->err_len = x->err.len;
	result->truncated = x->out.truncated || x->err.truncated;
	x->out = x->err = (struct buffer){0};
}

static int talk_to(struct ss_child *child, const struct ss_io *io, struct ss_result *result)
{
	struct talk talk = {
		.exchange =
			{
				.child = child,
				.input = io->input,
				.input_len = io->input_len,
				.out.limit = io->limit,
				.err.limit = io->limit,
				.deadline = ss__deadline_in(io->timeout_ms ? io->timeout_ms : -1),
			},
	};
	struct cancel cancel;
	int error;
	ss__cancel_off(&cancel);
	talk.exchange.cancel_state = cancel.state;
	ss__write_guard_hold(&talk.guard);
	pthread_cleanup_push(end_talk, &talk);
	error = converse(&talk.exchange, result);
	if (!error)
		move_texts(result, &talk.exchange);
	pthread_cleanup_pop(1);
	ss__cancel_as_before(&cancel);
	return error;
}

static int check(const struct ss_child *child, const struct ss_io *io)
{
	if (!child || io->timeout_ms < 0 || (io->input_len && (!io->input || child->in < 0)))
		return -EINVAL;
	return child->pid <= 0 ? -ECHILD : 0;
}

int ss__communicate(struct ss_child *child, const struct ss_io *given, struct ss_result *result)
{
	struct ss_io io = {0};
	struct ss_result mine = {0};
	int error = ss__sized_read(&io, sizeof io, given, IO_FIRST_SIZE);
	if (!error && result)
		error = ss__sized_check(result, RESULT_FIRST_SIZE);
	if (!error)
		error = check(child, &io);
	if (!error)
		error = talk_to(child, &io, &mine);
	if (error)
		return error;
	if (result)
		ss__sized_write(result, &mine, sizeof mine);
	else
		ss_result_free(&mine);
	return mine.timed_out ? -ETIMEDOUT : 0;
}

int ss_communicate(struct ss_child *child, const struct ss_io *io, struct ss_result *result)
{
	int saved = errno;
	int error = ss__communicate(child, io, result);
	errno = error ? -error : saved;
	return error ? -1 : 0;
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
