/* SPDX-License-Identifier: MIT */
/*
 * The list of open streams. Hazards, answered below by number:
 *
 *  1. A child forked meanwhile has the list as it is at that moment, so each change is a single
 *     store.
 *  2. A stream closed by fclose stays on the list. Its FILE and its descriptor are soon used for
 *     something else, which must neither be closed in a command nor be taken for the old stream. If
 *     only the descriptor was closed, the command must still be waited for.
 *  3. Another thread's command would inherit a stream that is off the list but not yet closed. The
 *     stream's reader would wait for an end of file that does not come.
 */
#include "stdio/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fork_lock.h"

static struct fork_lock lock;
static struct stream *streams;

void ss__streams_lock(sigset_t *mask)
{
	ss__fork_lock_take(&lock, mask);
}

void ss__streams_unlock(const sigset_t *mask)
{
	ss__fork_lock_leave(&lock, mask);
}

/* (2) */
static bool still_open(const struct stream *stream)
{
	struct stat st;

	return !fstat(stream->fd, &st) && st.st_dev == stream->dev && st.st_ino == stream->ino;
}

int ss__streams_fds(int *room, size_t n_room, int **fds, size_t *n)
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

static bool leads_elsewhere(const struct stream *stream)
{
	struct stat st;

	return !fstat(stream->fd, &st) && (st.st_dev != stream->dev || st.st_ino != stream->ino);
}

static struct stream **find(FILE *file)
{
	struct stream **at = &streams;

	while (*at && (*at)->file != file)
		at = &(*at)->next;
	return at;
}

/* (1) */
static struct stream *unlink_at(struct stream **at)
{
	struct stream *stream = *at;

	if (stream)
		__atomic_store_n(at, stream->next, __ATOMIC_RELEASE);
	return stream;
}

/* (1), (2) */
void ss__streams_add(struct stream *stream)
{
	struct stat st = {0};

	fstat(stream->fd, &st);
	stream->dev = st.st_dev;
	stream->ino = st.st_ino;
	free(unlink_at(find(stream->file)));
	stream->next = streams;
	__atomic_store_n(&streams, stream, __ATOMIC_RELEASE);
}

/* (2) The FILE is open, so an older entry for it is stale. */
static struct stream **find_open(FILE *file, int fd)
{
	struct stream **at = find(file);

	if (*at && (fd != (*at)->fd || leads_elsewhere(*at))) {
		free(unlink_at(at));
		at = find(file);
	}
	return at;
}

/*
 * Every fclose of a program may come through here. So while the list is empty there is no lock, and
 * no call of libc, not even for errno. fileno may wait for musl's lock of the FILE, so it is called
 * outside our lock.
 */
bool ss__stream_is_ours(FILE *file)
{
	sigset_t mask;

	if (!__atomic_load_n(&streams, __ATOMIC_ACQUIRE))
		return false;
	int saved_errno = errno, fd = fileno(file);
	ss__streams_lock(&mask);
	bool found = *find_open(file, fd) != NULL;
	ss__streams_unlock(&mask);
	errno = saved_errno;
	return found;
}

/* (3) */
struct stream *ss__stream_take(FILE *file)
{
	sigset_t mask;

	if (!__atomic_load_n(&streams, __ATOMIC_ACQUIRE))
		return NULL;
	int saved_errno = errno, fd = fileno(file);
	ss__streams_lock(&mask);
	struct stream *stream = unlink_at(find_open(file, fd));
	if (stream)
		fcntl(stream->fd, F_SETFD, FD_CLOEXEC);
	ss__streams_unlock(&mask);
	errno = saved_errno;
	return stream;
}
