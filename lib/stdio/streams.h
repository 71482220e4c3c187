/* SPDX-License-Identifier: MIT */
#ifndef STDIO_STREAMS_H
#define STDIO_STREAMS_H

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * The streams made by ss_popen that are still open: one list for the process. The lock is held
 * from before a command is cloned until its stream is on the list, so that no command inherits
 * our end of another's pipe; whoever holds it has all signals blocked.
 */
struct stream {
	struct stream *next;
	FILE *file;
	int fd;
	int both; /* a socket */
	pid_t pid;
	dev_t dev; /* what fd led to when it was made */
	ino_t ino;
};

void ss__streams_lock(sigset_t *mask);
void ss__streams_unlock(const sigset_t *mask);

/*
 * Under the lock. The descriptors of all streams: *fds is `room` itself if there are no more than
 * n_room, else malloc'ed. 0 or -errno.
 */
int ss__streams_fds(int *room, size_t n_room, int **fds, size_t *n);
void ss__streams_add(struct stream *stream);

/* Is this an open stream of ours? Then fclose must become ss_pclose, as libc's own does. */
int ss__stream_is_ours(FILE *file);

/* Takes it off the list and makes it the caller's to free; NULL if it is not on it. */
struct stream *ss__stream_take(FILE *file);

#endif
