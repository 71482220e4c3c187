/* SPDX-License-Identifier: MIT */
/* Reads the caller's options and checks them. */
#include "process/options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/sized.h"

#define KNOWN_FLAGS                                                                                \
	(SS_KEEP_FDS | SS_NO_PATH | SS_NEW_SESSION | SS_NEW_GROUP | SS_NO_NEW_PRIVS |              \
		SS_SET_UMASK | SS_SET_UID | SS_SET_GID | SS_SET_GROUPS | SS_SET_NICE |             \
		SS_SET_OOM | SS_SET_TTY | SS_SET_CGROUP | SS_SHELL_FALLBACK | SS_NO_PIDFD |        \
		SS_FOREGROUND | SS_DETACH | SS_SET_CWD_FD | SS_SET_EXEC_FD | SS_NEED_PIDFD)

/* The kernel's limits: setgroups(2), PRIO_PROCESS, proc_pid_oom_score_adj(5). */
#define MOST_GROUPS 65536
#define LAST_SIGNAL 64

static bool is_open(int fd)
{
	return fd >= 0 && fcntl(fd, F_GETFD) >= 0;
}

/* A value without its flag would be ignored silently. An ignored uid is a security hole. */
static int values_have_flags(const struct ss_options *o)
{
	uint64_t needed = (o->umask ? SS_SET_UMASK : 0) | (o->uid ? SS_SET_UID : 0) |
			  (o->gid ? SS_SET_GID : 0) |
			  (o->groups || o->n_groups ? SS_SET_GROUPS : 0) |
			  (o->nice ? SS_SET_NICE : 0) | (o->oom_score_adj ? SS_SET_OOM : 0) |
			  (o->cwd_fd ? SS_SET_CWD_FD : 0) | (o->exec_fd ? SS_SET_EXEC_FD : 0) |
			  (o->cgroup ? SS_SET_CGROUP : 0);
	return (needed & ~o->flags) == 0;
}

static int check_combinations(const struct ss_options *o)
{
	if (o->flags & ~KNOWN_FLAGS || !values_have_flags(o) || o->unused)
		return -EINVAL;
	if (o->tty && !(o->flags & (SS_SET_TTY | SS_FOREGROUND)))
		return -EINVAL;
	if (o->flags & SS_SET_CWD_FD && o->cwd)
		return -EINVAL;
	if (o->flags & SS_SET_EXEC_FD && o->file)
		return -EINVAL;
	if (o->flags & SS_DETACH && o->pdeathsig)
		return -EINVAL;
	if (o->flags & SS_NEED_PIDFD && o->flags & SS_NO_PIDFD)
		return -EINVAL;
	if (o->flags & SS_SET_TTY && !(o->flags & SS_NEW_SESSION))
		return -EINVAL;
	if (o->flags & SS_NEW_SESSION && (o->flags & SS_NEW_GROUP || o->group))
		return -EINVAL;
	return 0;
}

static bool leaves_root(const struct ss_options *o)
{
	return o->flags & SS_SET_UID && o->uid != 0 && !(o->flags & SS_SET_GROUPS) &&
	       geteuid() == 0;
}

bool ss__options_drop_groups(const struct ss_options *o)
{
	return o->flags & SS_SET_GID && leaves_root(o);
}

/* A program with root's gid or groups keeps some of root's rights. */
static int check_identity(const struct ss_options *o)
{
	return !(o->flags & SS_SET_GID) && leaves_root(o) ? -EINVAL : 0;
}

static int check_ranges(const struct ss_options *o)
{
	if (o->start_timeout_ms < 0)
		return -EINVAL;
	if (o->group < 0 || o->umask > 0777 || o->pdeathsig < 0 || o->pdeathsig > LAST_SIGNAL)
		return -EINVAL;
	if (o->nice < -20 || o->nice > 19 || o->oom_score_adj < -1000 || o->oom_score_adj > 1000)
		return -EINVAL;
	if (o->uid == (uid_t)-1 || o->gid == (gid_t)-1)
		return -EINVAL;
	if (o->n_groups > MOST_GROUPS || (o->n_groups && !o->groups))
		return -EINVAL;
	return !o->affinity != !o->affinity_size ? -EINVAL : 0;
}

static int check_limits(const struct ss_options *o)
{
	if (o->n_rlimits && !o->rlimits)
		return -EINVAL;
	for (size_t i = 0; i < o->n_rlimits; i++) {
		const struct ss_rlimit *r = &o->rlimits[i];
		if (r->resource < 0 || r->resource >= RLIM_NLIMITS)
			return -EINVAL;
		if (r->limit.rlim_cur > r->limit.rlim_max)
			return -EINVAL;
	}
	return 0;
}

static int check_stdio(const struct ss_stdio *s, enum ss_stdio_kind last)
{
	if ((int)s->kind < 0 || s->kind > last)
		return -EINVAL;
	if (s->kind >= SS_STDIO_READ && s->kind <= SS_STDIO_APPEND && !s->path)
		return -EINVAL;
	return s->kind == SS_STDIO_FD && !is_open(s->fd) ? -EBADF : 0;
}

static int check_fds(const struct ss_options *o)
{
	const struct ss_stdio *stdio[] = {&o->in, &o->out, &o->err};
	if (o->n_fds && !o->fds)
		return -EINVAL;
	if (o->n_fds > INT_MAX / 64)
		return -EINVAL;
	for (size_t i = 0; i < o->n_fds; i++) {
		/* INT_MAX is beyond each limit, and the plan needs to + 1. */
		if (o->fds[i].to < 0 || o->fds[i].to == INT_MAX || !is_open(o->fds[i].from))
			return -EBADF;
		if (o->fds[i].to <= 2 && stdio[o->fds[i].to]->kind != SS_STDIO_INHERIT)
			return -EINVAL;
	}
	if (o->flags & (SS_SET_TTY | SS_FOREGROUND) && !is_open(o->tty))
		return -EBADF;
	if (o->flags & SS_SET_CWD_FD && !is_open(o->cwd_fd))
		return -EBADF;
	if (o->flags & SS_SET_EXEC_FD && !is_open(o->exec_fd))
		return -EBADF;
	return o->flags & SS_SET_CGROUP && !is_open(o->cgroup) ? -EBADF : 0;
}

static int check(const struct ss_options *o)
{
	int error = check_combinations(o);
	if (!error)
		error = check_ranges(o);
	if (!error)
		error = check_identity(o);
	if (!error)
		error = check_limits(o);
	if (!error)
		error = check_stdio(&o->in, SS_STDIO_APPEND);
	if (!error)
		error = check_stdio(&o->out, SS_STDIO_APPEND);
	if (!error)
		error = check_stdio(&o->err, SS_STDIO_MERGE);
	return error ? error : check_fds(o);
}

int ss__options_read(struct ss_options *options, const struct ss_options *given)
{
	int error = ss__sized_read(
		options, sizeof *options, given, SIZED_UP_TO(struct ss_options, failure));
	return error || !given ? error : check(options);
}
