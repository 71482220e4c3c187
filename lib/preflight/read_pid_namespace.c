/* SPDX-License-Identifier: MIT */
/*
 * Whether the children of a task would get into a PID namespace that takes no more, because its
 * first process has ended. Since Linux 6.11 the kernel says who has pid 1 there. Before, the
 * namespace is closed if no process is left in it: all others end with the first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "preflight/read.h"

enum { LINK_SIZE = 64, PATH_SIZE = 48 };

/* NS_GET_PID_FROM_PIDNS, which is an int in musl's ioctl */
#define PID_FROM_NAMESPACE ((int)_IOR(0xb7, 0x6, int)) /* an int in musl's ioctl */

static int read_link(int dir, const char *path, char link[LINK_SIZE])
{
	ssize_t n = readlinkat(dir, path, link, LINK_SIZE - 1);
	link[n < 0 ? 0 : n] = '\0';
	return n < 0 ? -errno : 0;
}

struct search {
	const struct source *source;
	const char *wanted;
	bool is_found, is_all; /* is_all: nothing was unreadable */
};

/* A process that cannot be read is none, because /proc may belong to another namespace. */
static bool is_zombie(const struct source *source, const char *pid)
{
	struct status status = {0};
	char path[PATH_SIZE];
	snprintf(path, sizeof path, "%s/status", pid);
	return ss__read_lines(source->proc, path, ss__parse_status, &status) == 0 &&
	       (status.state == 'Z' || status.state == 'X');
}

static bool look_at(void *to, const char *pid)
{
	struct search *search = to;
	char path[PATH_SIZE], link[LINK_SIZE];
	if (snprintf(path, sizeof path, "%s/ns/pid", pid) >= (int)sizeof path)
		return true;
	int error = read_link(search->source->proc, path, link);
	if (error == -EACCES || error == -EPERM)
		search->is_all = false;
	search->is_found =
		!error && !strcmp(link, search->wanted) && !is_zombie(search->source, pid);
	return !search->is_found;
}

static enum pid_namespace ask_kernel(const struct source *source, int task_dir)
{
	char pid[16];
	int fd = openat(task_dir, "ns/pid_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return PID_NAMESPACE_UNKNOWN;
	int first = ioctl(fd, PID_FROM_NAMESPACE, 1);
	int error = errno;
	close(fd);
	if (first < 0)
		return error == ESRCH ? PID_NAMESPACE_CLOSED : PID_NAMESPACE_UNKNOWN;
	snprintf(pid, sizeof pid, "%d", first);
	return is_zombie(source, pid) ? PID_NAMESPACE_CLOSED : PID_NAMESPACE_OPEN;
}

static enum pid_namespace search_for_any(const struct source *source, const char *wanted)
{
	struct search search = {.source = source, .wanted = wanted, .is_all = true};
	if (ss__read_numbered(source->proc, ".", look_at, &search) < 0)
		return PID_NAMESPACE_UNKNOWN;
	if (search.is_found)
		return PID_NAMESPACE_OPEN;
	return search.is_all ? PID_NAMESPACE_CLOSED : PID_NAMESPACE_UNKNOWN;
}

/* There is no link before the first process. */
enum pid_namespace ss__read_pid_namespace(const struct source *source, int task_dir)
{
	char own[LINK_SIZE], children[LINK_SIZE];
	if (read_link(task_dir, "ns/pid_for_children", children) < 0 ||
		read_link(task_dir, "ns/pid", own) < 0 || !strcmp(own, children))
		return PID_NAMESPACE_OPEN;
	enum pid_namespace answer = ask_kernel(source, task_dir);
	return answer == PID_NAMESPACE_UNKNOWN ? search_for_any(source, children) : answer;
}
