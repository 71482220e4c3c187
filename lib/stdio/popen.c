/* SPDX-License-Identifier: MIT */
/*
 * ss_popen. Hazards, answered below by number:
 *
 *  1. Later programs inherit our end of the pipe, as with libc. But a command that another thread
 *     opens meanwhile must not get it. So our end is close-on-exec until, under the lock, it is on
 *     the list of descriptors that commands close.
 *  2. A cancelled close would leave a child without its stream, so cancellation is off.
 *  3. The command may take long to start, and signals are open then. The lock is released once the
 *     command has its own descriptors: a stream added later was close-on-exec when they were
 *     copied. A handler that leaves by siglongjmp leaks the FILE's memory; a later spawn closes the
 *     pipe.
 */
#include <safespawn.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wchar.h>

#include "process/spawn.h"
#include "base/cancel.h"
#include "stdio/shell.h"
#include "stdio/streams.h"

struct mode {
	bool read, write, both, close_on_exec;
};

struct command {
	const char *file;
	char *const *argv;
};

struct ends {
	int parent, child;
};

struct list_lock {
	sigset_t mask; /* the caller's */
	bool held;
};

/* Accepts what glibc accepts: letters repeated and in any order. "+" goes with "r" only. */
static int parse_mode(const char *text, struct mode *mode)
{
	*mode = (struct mode){0};
	for (; *text; text++) {
		if (*text == 'r')
			mode->read = true;
		else if (*text == 'w')
			mode->write = true;
		else if (*text == '+')
			mode->both = true;
		else if (*text == 'e')
			mode->close_on_exec = true;
		else
			return -EINVAL;
	}
	return mode->read == mode->write || (mode->both && mode->write) ? -EINVAL : 0;
}

static int make_ends(const struct mode *mode, struct ends *ends)
{
	int fd[2];
	int error = mode->both ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd)
			       : pipe2(fd, O_CLOEXEC);

	if (error < 0)
		return -errno;
	ends->parent = fd[mode->write];
	ends->child = fd[!mode->write];
	return 0;
}

/* (3) */
static void unlock_list(void *arg)
{
	struct list_lock *lock = arg;

	lock->held = false;
	ss__streams_unlock(&lock->mask);
}

static int spawn_without_others(struct ss_child *child, const struct command *command,
	const struct ss_options *options, const struct ends *ends, struct list_lock *lock)
{
	const int held[] = {ends->parent, ends->child};
	int room[32], *fds;
	struct spawn_extra extra = {
		.held = held,
		.n_held = 2,
		.cloned = unlock_list,
		.cloned_arg = lock,
	};
	int error = ss__streams_fds(room, sizeof room / sizeof room[0], &fds, &extra.n_close);

	if (error < 0)
		return error;
	extra.close = fds;
	error = ss__spawn_child(child, command->argv, options, &extra);
	if (fds != room)
		free(fds);
	return error;
}

/* (1) */
static int start(struct stream *stream, const struct command *command, const struct mode *mode,
	struct ends ends)
{
	struct ss_child child;
	struct list_lock lock = {.held = true};
	sigset_t blocked;

	ss__streams_lock(&lock.mask);
	int error = spawn_without_others(&child, command,
		SS_OPTIONS(.flags = SS_KEEP_FDS | SS_NO_PIDFD, .file = command->file,
			.sigmask = &lock.mask,
			.in = mode->read && !mode->both ? SS_INHERIT : SS_FD(ends.child),
			.out = mode->write ? SS_INHERIT : SS_FD(ends.child)),
		&ends, &lock);
	if (!lock.held)
		ss__streams_lock(&blocked);
	if (error == 0) {
		stream->pid = child.pid;
		if (!mode->close_on_exec)
			fcntl(ends.parent, F_SETFD, 0);
		ss__streams_add(stream);
	}
	ss__streams_unlock(&lock.mask);
	return error;
}

static int open_on(
	struct ends ends, const struct command *command, const struct mode *mode, FILE **file)
{
	struct stream *stream = malloc(sizeof *stream);

	if (!stream) {
		close(ends.parent);
		return -ENOMEM;
	}
	stream->fd = ends.parent;
	stream->both = mode->both;
	stream->file = fdopen(ends.parent, mode->both ? "r+" : mode->read ? "r" : "w");
	if (stream->file)
		fwide(stream->file, -1);
	int error = stream->file ? start(stream, command, mode, ends) : -errno;
	if (error == 0) {
		*file = stream->file;
		return 0;
	}
	if (stream->file)
		fclose(stream->file);
	else
		close(ends.parent);
	free(stream);
	return error;
}

static int open_command(const struct command *command, const char *mode_text, FILE **file)
{
	struct mode mode;
	struct ends ends;
	int error = parse_mode(mode_text, &mode);

	if (error == 0)
		error = make_ends(&mode, &ends);
	if (error < 0)
		return error;
	error = open_on(ends, command, &mode, file);
	close(ends.child);
	return error;
}

static FILE *popen_command(const char *file, char *const argv[], const char *mode)
{
	struct command command = {file, argv};
	FILE *stream = NULL;
	struct cancel cancel;
	int saved_errno = errno;

	ss__cancel_off(&cancel); /* (2) */
	int error = open_command(&command, mode, &stream);
	ss__cancel_as_before(&cancel);
	errno = error < 0 ? -error : saved_errno;
	return stream;
}

FILE *ss_popen(const char *command, const char *mode)
{
	char *argv[SHELL_ARGC];

	ss__shell_argv(argv, command);
	return popen_command(SHELL, argv, mode);
}

FILE *ss_popenv(char *const argv[], const char *mode)
{
	if (!argv || !argv[0]) {
		errno = EINVAL;
		return NULL;
	}
	return popen_command(NULL, argv, mode);
}

/* For programs linked with --wrap=popen. */
SS_API FILE *__wrap_popen(const char *command, const char *mode) __attribute__((alias("ss_popen")));
