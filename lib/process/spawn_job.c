/* SPDX-License-Identifier: MIT */
/* Makes the job of a spawn, in the block that its child will use. */
#include "process/spawn_job.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/path.h"
#include "process/options.h"

static const char shell[] = "/bin/sh";

/* Where to write next. Bytes that do not fit are only counted. */
struct room {
	char *start;
	size_t size, used;
};

static void *reserve(struct room *room, size_t size, size_t align)
{
	room->used = (room->used + align - 1) & ~(align - 1);
	size_t at = room->used;
	room->used += size;
	return room->used <= room->size ? room->start + at : NULL;
}

static void *copy(struct room *room, const void *from, size_t size, size_t align)
{
	void *to = reserve(room, size, align);
	return to && size ? memcpy(to, from, size) : to;
}

static char *copy_string(struct room *room, const char *string)
{
	return string ? copy(room, string, strlen(string) + 1, 1) : NULL;
}

static size_t count(char *const list[])
{
	size_t n = 0;
	while (list[n])
		n++;
	return n;
}

/* After clearenv environ is NULL. */
static char **copy_strings(struct room *room, char *const list[])
{
	if (!list)
		return NULL;
	size_t n = count(list);
	char **to = reserve(room, (n + 1) * sizeof *to, sizeof *to);
	for (size_t i = 0; i < n; i++) {
		char *string = copy_string(room, list[i]);
		if (to)
			to[i] = string;
	}
	if (to)
		to[n] = NULL;
	return to;
}

static const char *search_path(const struct ss_options *options, const char *file)
{
	if (options->flags & SS_NO_PATH || strchr(file, '/'))
		return NULL;
	const char *path = getenv("PATH");
	/* confstr(_CS_PATH) of every known libc. */
	return path ? path : "/bin:/usr/bin";
}

static const char *copy_candidates(struct room *room, const struct spawn *s)
{
	const char *file = s->options.file ? s->options.file : s->argv[0];
	const char *path = search_path(&s->options, file);
	char *list = reserve(room, ss__path_candidates_size(file, path), 1);
	if (list)
		ss__path_candidates(list, file, path);
	return list;
}

/* sh FILE ARG...: the child fills in FILE. */
static char **make_shell_argv(struct room *room, size_t n, char *const argv[])
{
	char **to = reserve(room, (n + 2) * sizeof *to, sizeof *to);
	if (!to || !argv)
		return NULL;
	to[0] = (char *)(uintptr_t)shell;
	for (size_t i = 1; i < n; i++)
		to[i + 1] = argv[i];
	to[n + 1] = NULL;
	return to;
}

static kernel_sigset to_kernel(const sigset_t *set)
{
	kernel_sigset result;
	memcpy(&result, set, sizeof result);
	return result;
}

static unsigned job_flags(const struct ss_options *o)
{
	static const struct {
		uint64_t option;
		unsigned job;
	} same[] = {
		{SS_NEW_SESSION, JOB_SESSION},
		{SS_NEW_GROUP, JOB_GROUP},
		{SS_SET_TTY, JOB_TTY},
		{SS_SET_CGROUP, JOB_CGROUP},
		{SS_SET_NICE, JOB_NICE},
		{SS_SET_UMASK, JOB_UMASK},
		{SS_SET_GROUPS, JOB_GROUPS},
		{SS_SET_GID, JOB_GID},
		{SS_SET_UID, JOB_UID},
		{SS_NO_NEW_PRIVS, JOB_NO_NEW_PRIVS},
		{SS_NO_PIDFD, JOB_NO_PIDFD},
		{SS_NEED_PIDFD, JOB_NEED_PIDFD},
		{SS_FOREGROUND, JOB_FOREGROUND},
		{SS_DETACH, JOB_DETACH},
		{SS_SET_CWD_FD, JOB_CWD_FD},
		{SS_SET_EXEC_FD, JOB_EXEC_FD},
	};
	unsigned flags = (o->group ? JOB_GROUP : 0) | (o->sigmask ? JOB_MASK : 0);
	if (ss__options_drop_groups(o))
		flags |= JOB_DROP_GROUPS;
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
		if (o->flags & same[i].option)
			flags |= same[i].job;
	return flags;
}

static const char *write_number(struct room *room, int n, size_t *len)
{
	char text[12], *end = text + sizeof text, *at = end;
	for (unsigned left = n < 0 ? -(unsigned)n : (unsigned)n; left || at == end; left /= 10)
		*--at = (char)('0' + left % 10);
	if (n < 0)
		*--at = '-';
	*len = (size_t)(end - at);
	return copy(room, at, *len, 1);
}

_Static_assert(sizeof(struct job_limit) == sizeof(struct ss_rlimit) &&
		       offsetof(struct job_limit, limit) == offsetof(struct ss_rlimit, limit),
	"the job takes the caller's limits as they are");

static void copy_values(struct job *job, const struct ss_options *o)
{
	job->flags = job_flags(o);
	job->group = o->group;
	job->tty = o->tty;
	job->cgroup = o->cgroup;
	job->cwd_fd = o->cwd_fd;
	job->exec_fd = o->exec_fd;
	job->nice = o->nice;
	job->umask = o->umask;
	job->uid = o->uid;
	job->gid = o->gid;
	job->n_groups = o->n_groups;
	job->n_limits = o->n_rlimits;
	job->affinity_size = o->affinity_size;
	job->pdeathsig = o->pdeathsig;
	job->mask = o->sigmask ? to_kernel(o->sigmask) : 0;
	job->sigdefault = o->sigdefault ? to_kernel(o->sigdefault) : 0;
}

static void copy_arrays(struct room *room, struct job *job, const struct ss_options *o)
{
	job->groups = copy(room, o->groups, o->n_groups * sizeof *o->groups, sizeof(gid_t));
	job->limits = copy(room, o->rlimits, o->n_rlimits * sizeof *o->rlimits, sizeof(rlim_t));
	job->affinity =
		o->affinity ? copy(room, o->affinity, o->affinity_size, sizeof(long)) : NULL;
	job->cwd = copy_string(room, o->cwd);
	if (o->flags & SS_SET_OOM)
		job->oom_score = write_number(room, o->oom_score_adj, &job->oom_score_len);
}

static void copy_files(struct room *room, struct job *job, const struct plumbing *p)
{
	struct job_file *files = reserve(room, sizeof p->files, sizeof(void *));
	for (int fd = 0; fd < 3; fd++) {
		const char *path = copy_string(room, p->files[fd].path);
		if (!path || !files)
			continue;
		files[job->n_files] = p->files[fd];
		files[job->n_files++].path = path;
	}
	job->files = files;
	job->flags |= p->merged ? JOB_MERGE : 0;
}

static int highest(const struct ss_options *o)
{
	int hold = o->flags & SS_SET_CGROUP ? o->cgroup : -1;
	if (o->flags & SS_SET_CWD_FD && o->cwd_fd > hold)
		hold = o->cwd_fd;
	if (o->flags & SS_SET_EXEC_FD && o->exec_fd > hold)
		hold = o->exec_fd;
	return hold;
}

static int plan_fds(struct room *room, struct spawn *s)
{
	const struct ss_options *o = &s->options;
	const size_t n_extra = s->extra ? s->extra->n_close : 0;
	struct fd_pair *pairs = reserve(room, (o->n_fds + 3) * sizeof *pairs, sizeof(int));
	int *closes = reserve(room, (n_extra + 3) * sizeof *closes, sizeof(int));
	void *memory = reserve(room, ss__fd_plan_size(o->n_fds + 3, n_extra + 3), sizeof(int));
	struct fd_layout layout = {
		.pairs = pairs,
		.closes = closes,
		.keep = o->flags & SS_KEEP_FDS,
		.hold = highest(o),
	};
	if (!memory)
		return 0;
	ss__plumbing_list(&s->plumbing, pairs, &layout.n_pairs, closes, &layout.n_closes);
	for (size_t i = 0; i < o->n_fds; i++)
		pairs[layout.n_pairs++] = (struct fd_pair){o->fds[i].from, o->fds[i].to};
	for (size_t i = 0; i < n_extra; i++)
		closes[layout.n_closes++] = s->extra->close[i];
	return ss__fd_plan_make(&s->block->plan, &layout, memory);
}

/* Bytes that do not fit are only counted. */
static int write_job(struct room *room, struct spawn *s)
{
	const struct ss_options *o = &s->options;
	struct job *job = &s->block->job;
	*job = (struct job){.fds = &s->block->plan};
	copy_values(job, o);
	job->argv = copy_strings(room, s->argv);
	job->env = copy_strings(room, o->env ? o->env : environ);
	if (o->flags & SS_SHELL_FALLBACK)
		job->shell_argv = make_shell_argv(room, count(s->argv), job->argv);
	copy_arrays(room, job, o);
	copy_files(room, job, &s->plumbing);
	int error = plan_fds(room, s);
	job->paths = copy_candidates(room, s);
	return error;
}

/* A bad pointer is an EFAULT, as in the call that the option stands for. */
static int check_pointers(const struct ss_options *o, enum ss_stage *stage)
{
	if (o->cwd && !ss__block_readable(o->cwd)) {
		*stage = SS_STAGE_CWD;
		return -EFAULT;
	}
	if (o->n_groups && !ss__block_readable(o->groups)) {
		*stage = SS_STAGE_GROUPS;
		return -EFAULT;
	}
	if (o->affinity && !ss__block_readable(o->affinity)) {
		*stage = SS_STAGE_SCHED;
		return -EFAULT;
	}
	return 0;
}

/* Another thread may let the environment grow meanwhile. */
static int write_all(struct spawn *s)
{
	struct room room = {s->block->room, BLOCK_ROOM, 0};
	for (;;) {
		int error = write_job(&room, s);
		if (error || room.used <= room.size)
			return error;
		room = (struct room){ss__block_more(s->block, room.used), room.used, 0};
		if (!room.start)
			return -ENOMEM;
	}
}

int ss__spawn_fill_job(struct spawn *s, enum ss_stage *stage)
{
	int error = check_pointers(&s->options, stage);
	if (error)
		return error;
	*stage = SS_STAGE_OPTIONS;
	s->block = ss__block_take();
	if (!s->block)
		return -ENOMEM;
	error = write_all(s);
	if (error)
		ss__block_free(s->block);
	return error;
}
