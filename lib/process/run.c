/* SPDX-License-Identifier: MIT */
/* ss_run and ss_run_pipeline: spawn, communicate, release. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <safespawn.h>
#include "base/cancel.h"
#include "base/public_result.h"
#include "process/communicate.h"
#include "process/handle.h"
#include "process/options.h"
#include "process/pipeline.h"
#include "process/user.h"

/* One call. One child needs no memory. */
struct run {
	size_t n;
	char *const *const *argvs;
	struct ss_options options;
	struct ss_io io;
	int64_t deadline;
	bool ends_descendants;
	int error;
	gid_t *groups;
	struct ss_child *children, one_child;
	struct ss_result *results, one_result;
	void *memory;
};

/* ---- Defaults ---- */

static bool is_mapped(const struct ss_options *options, int fd)
{
	for (size_t i = 0; i < options->n_fds; i++)
		if (options->fds[i].to == fd)
			return true;
	return false;
}

static void capture(const struct ss_options *options, struct ss_stdio *stream, int fd)
{
	if (stream->kind == SS_STDIO_INHERIT && !is_mapped(options, fd))
		*stream = SS_PIPE;
}

/* Keys of the terminal that reach the caller reach its children, too. */
static bool is_in_foreground(void)
{
	int tty = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool is = tty >= 0 && tcgetpgrp(tty) == getpgrp();
	if (tty >= 0)
		close(tty);
	return is;
}

static void choose_family(struct run *run)
{
	struct ss_options *options = &run->options;
	bool may_be_ended = run->io.timeout_ms > 0 || run->io.on_output;
	if (!may_be_ended || options->flags & (SS_NEW_SESSION | SS_NEW_GROUP) || options->group)
		return;
	run->ends_descendants = is_in_foreground();
	if (!run->ends_descendants)
		options->flags |= SS_NEW_GROUP;
}

static void add_defaults(struct run *run, const struct ss_result *result)
{
	struct ss_options *options = &run->options;
	if (run->io.input && options->in.kind == SS_STDIO_INHERIT)
		options->in = SS_PIPE;
	if (result || run->io.on_output) {
		capture(options, &options->out, 1);
		capture(options, &options->err, 2);
	}
	choose_family(run);
}

/* ---- Checks ---- */

/* All elements have one size, because it is the distance between them. */
static int check_results(const struct ss_result *results, size_t n)
{
	int error = results ? ss__sized_check(results, RESULT_FIRST_SIZE) : 0;
	for (size_t i = 1; results && !error && i < n; i++) {
		const char *each = (const char *)results + i * results->size;
		if (((const struct ss_result *)(const void *)each)->size != results->size)
			error = -EINVAL;
	}
	return error;
}

static int read_arguments(struct run *run, const struct ss_options *options, const struct ss_io *io,
	const struct ss_result *results)
{
	int error = ss__options_read(&run->options, options);
	if (!error)
		error = ss__io_read(&run->io, io);
	if (!error && (!run->argvs || run->n == 0))
		error = -EINVAL;
	if (!error)
		error = check_results(results, run->n);
	if (error)
		return error;
	run->options.size = sizeof run->options;
	run->deadline = ss__io_deadline(&run->io);
	add_defaults(run, results);
	return run->io.input_len && run->options.in.kind != SS_STDIO_PIPE ? -EINVAL : 0;
}

static int find_room(struct run *run)
{
	run->children = &run->one_child;
	run->results = &run->one_result;
	run->memory = NULL;
	if (run->n == 1)
		return 0;
	run->memory = calloc(run->n, sizeof *run->children + sizeof *run->results);
	if (!run->memory)
		return -ENOMEM;
	run->results = run->memory;
	run->children = (struct ss_child *)(run->results + run->n);
	return 0;
}

/* ---- The run ---- */

/* Runs even at cancellation, because nobody else knows the children. */
static void end(void *arg)
{
	struct run *run = arg;
	struct cancel cancel;
	ss__cancel_off(&cancel);
	ss__pipeline_end(run->children, run->n);
	free(run->groups);
	free(run->memory);
	ss__cancel_as_before(&cancel);
}

static int communicate(struct run *run)
{
	const struct communication communication = {
		.children = run->children,
		.n = run->n,
		.io = &run->io,
		.deadline = run->deadline,
		.ends_children = true,
	};
	for (size_t i = 0; run->ends_descendants && i < run->n; i++)
		run->children[i].own_group = HANDLE_DESCENDANTS;
	int error = ss__communicate(&communication, run->results);
	/* It has ended by itself. Processes that it left in its group may stay. */
	for (size_t i = 0; error == -ECHILD && i < run->n; i++)
		run->children[i].pid = 0;
	return error;
}

/* The time was over before the start, so there is nothing to read. */
static void give_time_out(struct run *run, struct ss_result *results)
{
	memset(run->results, 0, run->n * sizeof *run->results);
	for (size_t i = 0; i < run->n; i++)
		run->results[i].timed_out = 1;
	ss__results_give(results, run->results, run->n);
}

static int spawn_line(struct run *run, const struct cancel *cancel)
{
	const struct pipeline pipeline = {
		.children = run->children,
		.argvs = run->argvs,
		.n = run->n,
		.options = &run->options,
		.deadline = run->deadline,
		.cancel = cancel,
	};
	memset(run->children, 0, run->n * sizeof *run->children);
	int error = ss__user_put(&run->options, &run->groups);
	return error ? error : ss__pipeline_spawn(&pipeline);
}

static int spawn_and_communicate(struct run *run, struct ss_result *results)
{
	struct cancel cancel;
	ss__cancel_off(&cancel);
	pthread_cleanup_push(end, run);
	run->error = spawn_line(run, &cancel);
	ss__cancel_as_before(&cancel);
	if (!run->error) {
		run->error = communicate(run);
		ss__results_give(results, run->results, run->n);
	} else if (run->error == -ETIMEDOUT) {
		give_time_out(run, results);
	}
	pthread_cleanup_pop(1);
	return run->error;
}

static int run_line(char *const *const argvs[], size_t n, const struct ss_options *options,
	const struct ss_io *io, struct ss_result *results)
{
	struct run run = {.n = n, .argvs = argvs};
	int error = read_arguments(&run, options, io, results);
	if (!error)
		error = find_room(&run);
	if (error && run.options.failure)
		*run.options.failure = (struct ss_failure){SS_STAGE_OPTIONS, -error};
	return error ? error : spawn_and_communicate(&run, results);
}

int ss_run(char *const argv[], const struct ss_options *options, const struct ss_io *io,
	struct ss_result *result)
{
	int saved_errno = errno;
	int error = run_line(&argv, 1, options, io, result);
	return ss__public_result(error, saved_errno);
}

int ss_run_pipeline(char *const *const argvs[], size_t n, const struct ss_options *options,
	const struct ss_io *io, struct ss_result results[])
{
	int saved_errno = errno;
	int error = run_line(argvs, n, options, io, results);
	return ss__public_result(error, saved_errno);
}
