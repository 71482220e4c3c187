/* SPDX-License-Identifier: MIT */
/* The child's descriptor table. The rules of child.c apply. */
#include "engine/syscall.h"

#ifdef ENGINE_RAW

#include "engine/child_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sched.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define RANGE_UNSHARE (1U << 1) /* CLOSE_RANGE_UNSHARE */
#define RANGE_CLOEXEC (1U << 2) /* CLOSE_RANGE_CLOEXEC, 5.11 */

enum { MOST_CLOSED_AT_ONCE = 1024 };

/* struct linux_dirent64 */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t size;
	uint8_t type;
	char name[];
};

static PLAIN int number(const char *name)
{
	int n = 0;
	if (*name < '0' || *name > '9')
		return -1;
	for (; *name >= '0' && *name <= '9'; name++)
		n = n * 10 + (*name - '0');
	return n;
}

/* Closes what one buffer of entries lists. */
static PLAIN void close_listed(const char *buffer, long len, int dir, struct fd_range range)
{
	for (long at = 0; at < len;) {
		const struct entry *entry = (const struct entry *)(const void *)(buffer + at);
		int fd = number(entry->name);
		at += entry->size;
		if (fd >= range.first && fd <= range.last && fd != dir)
			raw1(SYS_close, fd);
	}
}

static PLAIN long open_listing(void)
{
	return raw3(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* For kernels before 5.9. The listing goes by number, so closing does not disturb it. */
static PLAIN long close_by_listing(struct fd_range range)
{
	_Alignas(struct entry) char buffer[768];
	long dir = open_listing();
	if (dir == -EMFILE) {
		/* The table is full. This descriptor will be closed anyway. */
		raw1(SYS_close, range.first);
		dir = open_listing();
	}
	if (dir < 0)
		return dir;
	long len;
	while ((len = raw3(SYS_getdents64, dir, buffer, sizeof buffer)) > 0)
		close_listed(buffer, len, (int)dir, range);
	raw1(SYS_close, dir);
	return len;
}

static PLAIN long close_quietly(int fd)
{
	raw1(SYS_close, fd);
	return 0;
}

static PLAIN long close_span(int first, int last, unsigned flags)
{
	if (first > last)
		return 0;
	if (first == last)
		return close_quietly(first);
	return raw3(SYS_close_range, first, last == INT_MAX ? ~0U : (unsigned)last, flags);
}

static PLAIN long close_all_in(struct fd_range range)
{
	long result = close_span(range.first, range.last, 0);
	return result < 0 ? close_by_listing(range) : result;
}

/*
 * A file that another thread has open for writing must not stay open until exec, or an exec of this
 * file would fail with ETXTBSY. But closing takes long if there are many. Then exec closes them,
 * while the parent already goes on.
 */
static PLAIN long close_or_mark(struct fd_range range)
{
	if (range.last - range.first < MOST_CLOSED_AT_ONCE)
		return close_all_in(range);
	long result = close_span(range.first, range.last, RANGE_CLOEXEC);
	return result < 0 ? close_all_in(range) : result;
}

/* Spares the descriptors that are still needed: the pipe for a failure, the directory, the program. */
static PLAIN long close_range_but(
	const struct job *job, struct fd_range range, long (*close_in)(struct fd_range))
{
	const int spared[] = {job->failure_fd, job->flags & JOB_CWD_FD ? job->cwd_fd : -1,
		job->flags & JOB_EXEC_FD ? job->exec_fd : -1};
	int next = -1;
	for (int i = 0; i < 3; i++)
		if (spared[i] >= range.first && spared[i] <= range.last &&
			(next < 0 || spared[i] < next))
			next = spared[i];
	if (next < 0)
		return close_in(range);
	long result = 0;
	if (range.first < next)
		result = close_in((struct fd_range){range.first, next - 1});
	if (result >= 0 && next < range.last)
		result = close_range_but(job, (struct fd_range){next + 1, range.last}, close_in);
	return result;
}

/* Old kernels and seccomp profiles of containers answer so. */
static PLAIN bool is_refused(long result)
{
	return result == -ENOSYS || result == -EPERM || result == -EINVAL || result == -EACCES;
}

static PLAIN long cut_shared(const struct fd_plan *plan)
{
	long result = raw3(SYS_close_range, plan->cut, ~0U, RANGE_UNSHARE);
	if (!is_refused(result))
		return result;
	result = raw1(SYS_unshare, CLONE_FILES);
	if (is_refused(result))
		return -ENGINE_RETRY_PRIVATE;
	return result < 0 ? result : close_all_in((struct fd_range){plan->cut, INT_MAX});
}

long PLAIN ss__child_cut(struct job *job)
{
	const struct fd_plan *plan = job->fds;
	if (plan->cut < 0)
		return 0;
	if (job->shared_table)
		return cut_shared(plan);
	/* Before the lifts, because they need free numbers. */
	return close_range_but(job, (struct fd_range){plan->cut, INT_MAX}, close_all_in);
}

/*
 * Duplicates to a number above all targets if the limit on descriptors leaves room there, else to
 * any number that is no target. A duplicate that lands on a target on the way is overwritten when
 * the target is placed.
 */
static PLAIN long lift(const struct fd_plan *plan, int from)
{
	long fd = raw3(SYS_fcntl, from, F_DUPFD_CLOEXEC, plan->above);
	if (fd != -EINVAL && fd != -EMFILE)
		return fd;
	for (long min = 3;; min = fd + 1) {
		fd = raw3(SYS_fcntl, from, F_DUPFD_CLOEXEC, min);
		if (fd < 0 || !fd_plan_has_target(plan, (int)fd))
			return fd;
	}
}

static PLAIN long place(const struct fd_plan *plan, const struct fd_place *p)
{
	int from = p->lift < 0 ? p->from : plan->lifts[p->lift].fd;
	/* dup2(n, n) would leave close-on-exec set. */
	if (from == p->to)
		return raw3(SYS_fcntl, from, F_SETFD, 0);
	return raw3(SYS_dup3, from, p->to, 0);
}

static PLAIN long failed(struct child_failure *failure, int fd, long error)
{
	failure->stage = fd <= 2 ? SS_STAGE_STDIO : SS_STAGE_FDS;
	failure->error = (int)-error;
	return -1;
}

/* Saves a descriptor that is needed after the places, because they might overwrite it. */
static PLAIN long lift_aside(struct job *job, int *fd)
{
	long lifted = lift(job->fds, *fd);
	if (lifted >= 0)
		*fd = (int)lifted;
	return lifted;
}

static PLAIN long lift_what_is_needed(struct job *job, struct child_failure *failure)
{
	long result = job->failure_fd < 0 ? 0 : lift_aside(job, &job->failure_fd);
	if (result >= 0 && job->flags & JOB_CWD_FD)
		result = lift_aside(job, &job->cwd_fd);
	if (result >= 0 && job->flags & JOB_EXEC_FD)
		result = lift_aside(job, &job->exec_fd);
	return result < 0 ? failed(failure, 3, result) : 0;
}

long PLAIN ss__child_place(struct job *job, struct child_failure *failure)
{
	const struct fd_plan *plan = job->fds;
	long result = lift_what_is_needed(job, failure);
	if (result < 0)
		return result;
	for (size_t i = 0; i < plan->n_lifts; i++) {
		struct fd_lift *l = &plan->lifts[i];
		result = lift(plan, l->from);
		if (result < 0)
			return failed(failure, l->from, result);
		l->fd = (int)result;
	}
	for (size_t i = 0; i < plan->n_places; i++) {
		result = place(plan, &plan->places[i]);
		if (result < 0)
			return failed(failure, plan->places[i].to, result);
	}
	return 0;
}

/* /proc may belong to another pid namespace, where a stranger has the number. */
static PLAIN bool is_pipe_of(long fd, const struct job_file *file)
{
	struct stat st;
	return raw2(SYS_fstat, fd, &st) == 0 && st.st_ino == file->inode &&
	       st.st_dev == file->device;
}

/* Exec closes the descriptor that was opened, unless it already is the right one. */
static PLAIN long open_file(struct job *job, const struct job_file *file)
{
	job->opening = true;
	long fd = raw4(SYS_openat, AT_FDCWD, file->path, file->flags, 0666);
	job->opening = false;
	if (fd >= 0 && file->inode && !is_pipe_of(fd, file))
		return -ENXIO;
	if (fd < 0)
		return fd;
	if (fd == file->to)
		return raw3(SYS_fcntl, fd, F_SETFD, 0);
	return raw3(SYS_dup3, fd, file->to, 0);
}

long PLAIN ss__child_open(struct job *job, struct child_failure *failure)
{
	for (size_t i = 0; i < job->n_files; i++) {
		long result = open_file(job, &job->files[i]);
		if (result < 0 && job->files[i].inode)
			result = -ENGINE_RETRY_BY_NUMBER;
		if (result < 0)
			return failed(failure, job->files[i].to, result);
	}
	long result = job->flags & JOB_MERGE ? raw3(SYS_dup3, 1, 2, 0) : 0;
	return result < 0 ? failed(failure, 2, result) : 0;
}

long PLAIN ss__child_close(struct job *job, struct child_failure *failure)
{
	const struct fd_plan *plan = job->fds;
	for (size_t i = 0; i < plan->n_closes; i++) {
		long result = close_range_but(job, plan->closes[i], close_or_mark);
		if (result < 0)
			return failed(failure, plan->closes[i].first, result);
	}
	return 0;
}

#endif
