/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include <safespawn.h>
#include "base/cancel.h"
#include "process/communicate.h"
#include "process/options.h"
#include "base/sized.h"
#include "process/spawn.h"

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

static void add_defaults(
	struct ss_options *options, const struct ss_io *io, const struct ss_result *result)
{
	if (io->input && options->in.kind == SS_STDIO_INHERIT)
		options->in = SS_PIPE;
	if (result) {
		capture(options, &options->out, 1);
		capture(options, &options->err, 2);
	}
	if (io->timeout_ms && !(options->flags & SS_NEW_SESSION) && !options->group)
		options->flags |= SS_NEW_GROUP;
}

static int check(const struct ss_options *options, const struct ss_io *io, struct ss_result *result)
{
	int error = result ? ss__sized_check(result, RESULT_FIRST_SIZE) : 0;
	if (!error && (io->timeout_ms < 0 || (io->input_len && !io->input)))
		error = -EINVAL;
	if (!error && io->input_len && options->in.kind != SS_STDIO_PIPE)
		error = -EINVAL;
	return error;
}

/* Also when the thread is cancelled meanwhile: nobody else knows of the child. */
static void end(void *child)
{
	struct cancel cancel;
	ss__cancel_off(&cancel);
	if (((struct ss_child *)child)->pid > 0)
		ss_terminate(child, NULL, 0);
	ss_release(child);
	ss__cancel_as_before(&cancel);
}

static int run(char *const argv[], struct ss_options *options, const struct ss_io *io,
	struct ss_result *result)
{
	struct ss_child child;
	int error = ss__spawn_child(&child, argv, options, NULL);
	if (error)
		return error;
	pthread_cleanup_push(end, &child);
	error = ss__communicate(&child, io, result);
	/* It has ended by itself: what it has left in its group on purpose may stay. */
	if (error == -ECHILD)
		child.pid = 0;
	pthread_cleanup_pop(1);
	return error;
}

static int read_and_run(char *const argv[], const struct ss_options *given,
	const struct ss_io *given_io, struct ss_result *result)
{
	struct ss_options options;
	struct ss_io io;
	int error = ss__options_read(&options, given);
	if (!error)
		error = ss__sized_read(&io, sizeof io, given_io, IO_FIRST_SIZE);
	if (!error) {
		add_defaults(&options, &io, result);
		error = check(&options, &io, result);
	}
	if (error && options.failure)
		*options.failure = (struct ss_failure){SS_STAGE_OPTIONS, -error};
	if (error)
		return error;
	options.size = sizeof options;
	io.size = sizeof io;
	return run(argv, &options, &io, result);
}

int ss_run(char *const argv[], const struct ss_options *options, const struct ss_io *io,
	struct ss_result *result)
{
	int saved = errno;
	int error = read_and_run(argv, options, io, result);
	errno = error ? -error : saved;
	return error ? -1 : 0;
}
