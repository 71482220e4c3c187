/* SPDX-License-Identifier: MIT */
#include "process/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/path.h"

static const char shell[] = "/bin/sh";

static size_t count(char *const argv[])
{
	size_t n = 0;
	while (argv[n])
		n++;
	return n;
}

static const char *search_path(const struct ss_options *options, const char *file)
{
	if (options->flags & SS_NO_PATH || strchr(file, '/'))
		return NULL;
	const char *path = getenv("PATH");
	/* What confstr(_CS_PATH) says, on every libc there is. */
	return path ? path : "/bin:/usr/bin";
}

static struct request_layout lay_out(const struct request *r, const char *file, const char *path)
{
	size_t n_pairs = r->options.n_fds + 3;
	size_t n_closes = (r->extra ? r->extra->n_close : 0) + 3;
	size_t n_shell = r->options.flags & SS_SHELL_FALLBACK ? count(r->argv) + 2 : 0;
	struct request_layout l = {0};
	l.pairs = l.shell_argv + n_shell * sizeof(char *);
	l.closes = l.pairs + n_pairs * sizeof(struct fd_pair);
	l.plan = l.closes + n_closes * sizeof(int);
	l.paths = l.plan + ss__fd_plan_size(n_pairs, n_closes);
	l.total = l.paths + ss__path_candidates_size(file, path);
	return l;
}

/* sh FILE ARG...: the file's own name goes in when it is known which one it is. */
static void write_shell_argv(const struct request *r, char **to)
{
	size_t n = count(r->argv);
	to[0] = (char *)(uintptr_t)shell;
	for (size_t i = 1; i < n; i++)
		to[i + 1] = r->argv[i];
	to[n + 1] = NULL;
}

int ss__request_plan_fds(struct request *r)
{
	const struct request_layout *l = &r->layout;
	const struct ss_options *o = &r->options;
	struct fd_pair *pairs = (struct fd_pair *)(void *)(r->memory + l->pairs);
	int *closes = (int *)(void *)(r->memory + l->closes);
	struct fd_request request = {
		.pairs = pairs,
		.closes = closes,
		.keep = o->flags & SS_KEEP_FDS,
		.hold = o->flags & SS_SET_CGROUP ? o->cgroup : -1,
	};
	ss__plumbing_list(&r->plumbing, pairs, &request.n_pairs, closes, &request.n_closes);
	for (size_t i = 0; i < o->n_fds; i++)
		pairs[request.n_pairs++] = (struct fd_pair){o->fds[i].from, o->fds[i].to};
	for (size_t i = 0; r->extra && i < r->extra->n_close; i++)
		closes[request.n_closes++] = r->extra->close[i];
	return ss__fd_plan_make(&r->plan, &request, r->memory + l->plan);
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
	};
	unsigned flags = (o->group ? JOB_GROUP : 0) | (o->sigmask ? JOB_MASK : 0);
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
		if (o->flags & same[i].option)
			flags |= same[i].job;
	return flags;
}

_Static_assert(sizeof(struct job_limit) == sizeof(struct ss_rlimit) &&
		       offsetof(struct job_limit, limit) == offsetof(struct ss_rlimit, limit),
	"the job takes the caller's limits as they are");

static void fill_job(struct request *r)
{
	const struct ss_options *o = &r->options;
	struct job *job = &r->job;
	*job = (struct job){0};
	job->argv = r->argv;
	job->env = o->env ? o->env : environ;
	job->flags = job_flags(o);
	job->fds = &r->plan;
	job->cwd = o->cwd;
	job->group = o->group;
	job->tty = o->tty;
	job->cgroup = o->cgroup;
	job->nice = o->nice;
	job->umask = o->umask;
	job->uid = o->uid;
	job->gid = o->gid;
	job->groups = o->groups;
	job->n_groups = o->n_groups;
	job->limits = (const struct job_limit *)(const void *)o->rlimits;
	job->n_limits = o->n_rlimits;
	job->affinity = o->affinity;
	job->affinity_size = o->affinity_size;
	job->pdeathsig = o->pdeathsig;
	job->mask = o->sigmask ? to_kernel(o->sigmask) : 0;
	job->sigdefault = o->sigdefault ? to_kernel(o->sigdefault) : 0;
	if (o->flags & SS_SET_OOM) {
		int len = snprintf(r->oom_score, sizeof r->oom_score, "%d", o->oom_score_adj);
		job->oom_score = r->oom_score;
		job->oom_score_len = (size_t)len;
	}
}

int ss__request_prepare(struct request *r)
{
	const char *file = r->options.file ? r->options.file : r->argv[0];
	const char *path = search_path(&r->options, file);
	const struct request_layout *l = &r->layout;
	r->layout = lay_out(r, file, path);
	r->memory = l->total <= sizeof r->small ? r->small : malloc(l->total);
	if (!r->memory)
		return -ENOMEM;
	fill_job(r);
	ss__path_candidates(r->memory + l->paths, file, path);
	r->job.paths = r->memory + l->paths;
	if (r->options.flags & SS_SHELL_FALLBACK) {
		r->job.shell_argv = (char **)(void *)(r->memory + l->shell_argv);
		write_shell_argv(r, r->job.shell_argv);
	}
	int error = ss__request_plan_fds(r);
	if (error)
		ss__request_free(r);
	return error;
}

void ss__request_free(struct request *r)
{
	if (r->memory != r->small)
		free(r->memory);
	r->memory = NULL;
}
