/* SPDX-License-Identifier: MIT */
#ifndef STDIO_STREAMS_H
#define STDIO_STREAMS_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * The open streams of ss_popen: one list for the process. The lock is held while the list is copied
 * and the command cloned, and while a descriptor becomes inheritable and its stream goes on the
 * list. So no command inherits our end of another's pipe. All signals are blocked while the lock is
 * held.
 */
struct stream {
	struct stream *next;
	FILE *file;
	int fd;
	bool both; /* r+: a socket */
	pid_t pid;
	dev_t dev; /* the file that fd referred to at first */
	ino_t ino;
};

void ss__streams_lock(sigset_t *mask);
void ss__streams_unlock(const sigset_t *mask);

/* Lists the descriptors of all streams. *fds is `room` if they fit, else malloc'ed. 0 or -errno.
 * The lock is held. */
int ss__streams_fds(int *room, size_t n_room, int **fds, size_t *n);
void ss__streams_add(struct stream *stream);

/*
 * Whether ss_popen has opened this stream. Then fclose must wait for its command, as libc's does.
 */
bool ss__stream_is_ours(FILE *file);

/* Takes the stream off the list; the caller frees it. NULL: it is not on the list. */
struct stream *ss__stream_take(FILE *file);

#endif
