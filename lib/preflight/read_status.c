/* SPDX-License-Identifier: MIT */
/*
 * The status of a process and its user namespace, or of another thread if the first one has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "preflight/read.h"

bool ss__is_kernel_thread(const struct status *st)
{
	if (st->has_memory || st->state == 'Z' || st->state == 'X')
		return false;
	/* Before 6.10 there is no Kthread line. All kernel threads descend from kthreadd. */
	return st->kernel_thread || st->pid == 2 || st->parent == 2;
}

int ss__read_status(int task_dir, struct status *st)
{
	memset(st, 0, sizeof *st);
	int error = ss__read_lines(task_dir, "status", ss__parse_status, st);
	if (error)
		return error == -ENOENT ? -ESRCH : error;
	if (st->has_memory)
		return 0;
	return ss__is_kernel_thread(st) ? -ENOTSUP : -ESRCH;
}

/* Only who may trace the process may read the link. Anyone may read the map, but another namespace
 * can have the same map. */
uint64_t ss__read_user_namespace(int dir, const char *task)
{
	char path[48], text[128];
	uint64_t inode;
	snprintf(path, sizeof path, "%s/ns/user", task);
	ssize_t n = readlinkat(dir, path, text, sizeof text - 1);
	text[n < 0 ? 0 : n] = '\0';
	if (n > 0 && ss__parse_namespace(text, &inode))
		return inode;
	snprintf(path, sizeof path, "%s/uid_map", task);
	if (ss__read_text(dir, path, text, sizeof text) > 0 && !ss__parse_full_uid_map(text))
		return 0;
	return FIRST_USER_NAMESPACE;
}

/* A process lives on when its first thread ends by pthread_exit. Then its own directory shows no
 * sizes and no mappings; the directories of its other threads do. */

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
