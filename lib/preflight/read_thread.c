/* SPDX-License-Identifier: MIT */
/*
 * A process lives on when its first thread has ended by pthread_exit, but then its own directory
 * shows neither sizes nor mappings. Those of its other threads do.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "preflight/read.h"

struct search {
	int process;
	int found; /* directory, or -errno */
	struct status status;
};

static bool try_thread(void *to, const char *id)
{
	struct search *s = to;
	char path[32];
	if (snprintf(path, sizeof path, "task/%s", id) >= (int)sizeof path)
		return true;
	int dir = openat(s->process, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return true;
	if (ss__read_status(dir, &s->status) != 0) {
		close(dir);
		return true;
	}
	s->found = dir;
	return false;
}

int ss__living_thread_open(int task_dir, struct status *st)
{
	struct search search = {.process = task_dir, .found = -ESRCH};
	if (st->state != 'Z' || st->threads < 2)
		return -ESRCH;
	int error = ss__read_numbered(task_dir, "task", try_thread, &search);
	if (search.found < 0)
		return error && error != -ENOENT ? error : -ESRCH;
	memcpy(search.status.name, st->name, sizeof st->name);
	*st = search.status;
	return search.found;
}
