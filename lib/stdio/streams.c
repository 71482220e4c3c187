/* SPDX-License-Identifier: MIT */
/*
 * Hazards, answered below by number:
 * 1. A handler that forks, on a thread that has the lock, would wait for itself in fork.
 * 2. A stream closed by fclose stays on the list. Its FILE and its descriptor are soon in use for
 *    something else, which must neither be closed in a command nor be taken for the old stream.
 * 3. A stream off the list but not yet closed would be inherited by a command of another thread,
 *    whose reader then waits for an end of file that does not come.
 * 4. A child forked by one thread while another has the lock would find it locked for ever.
 */
#include "stdio/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "stdio/forks.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stream *streams;

/* (1) */
void streams_lock(sigset_t *mask)
{
	sigset_t all;

	memset(&all, -1, sizeof all);
	pthread_sigmask(SIG_SETMASK, &all, mask);
	forks_watch();
	if (!forks_here())
		pthread_mutex_lock(&lock);
}

void streams_unlock(const sigset_t *mask)
{
	if (!forks_here())
		pthread_mutex_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, mask, NULL);
}

/* (2) */
static int still_open(const struct stream *stream)
{
	struct stat st;

	return !fstat(stream->fd, &st) && st.st_dev == stream->dev && st.st_ino == stream->ino;
}

int streams_fds(int *room, size_t n_room, int **fds, size_t *n)
{
	size_t most = 0, used = 0;

	for (struct stream *s = streams; s; s = s->next)
		most++;
	*fds = most <= n_room ? room : malloc(most * sizeof **fds);
	if (!*fds)
		return -ENOMEM;
	for (struct stream *s = streams; s; s = s->next)
		if (still_open(s))
			(*fds)[used++] = s->fd;
	*n = used;
	return 0;
}

static struct stream **find(FILE *file)
{
	struct stream **at = &streams;

	while (*at && (*at)->file != file)
		at = &(*at)->next;
	return at;
}

static struct stream *unlink_at(struct stream **at)
{
	struct stream *stream = *at;

	if (stream)
		__atomic_store_n(at, stream->next, __ATOMIC_RELEASE);
	return stream;
}

/* (2) */
void streams_add(struct stream *stream)
{
	struct stat st = {0};

	fstat(stream->fd, &st);
	stream->dev = st.st_dev;
	stream->ino = st.st_ino;
	free(unlink_at(find(stream->file)));
	stream->next = streams;
	__atomic_store_n(&streams, stream, __ATOMIC_RELEASE);
}

/* Every fclose of a program may come through here: no lock while there is nothing to find. */
int stream_is_ours(FILE *file)
{
	sigset_t mask;

	if (!__atomic_load_n(&streams, __ATOMIC_ACQUIRE))
		return 0;
	streams_lock(&mask);
	int found = *find(file) != NULL;
	streams_unlock(&mask);
	return found;
}

/* (3) */
struct stream *stream_take(FILE *file)
{
	sigset_t mask;

	if (!__atomic_load_n(&streams, __ATOMIC_ACQUIRE))
		return NULL;
	streams_lock(&mask);
	struct stream *stream = unlink_at(find(file));
	if (stream && still_open(stream))
		fcntl(stream->fd, F_SETFD, FD_CLOEXEC);
	streams_unlock(&mask);
	return stream;
}

/* (4) */
void streams_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void streams_after_fork(void)
{
	pthread_mutex_unlock(&lock);
}
