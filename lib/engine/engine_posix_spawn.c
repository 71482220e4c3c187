/* SPDX-License-Identifier: MIT */
/*
 * The engine on posix_spawn, for architectures whose clone this library does not know. An option
 * that posix_spawn lacks is refused with ENOTSUP at its step. libc does not say which step failed,
 * so its errors count as exec's, except the lack of a process, which counts as clone's.
 */
#include "engine/syscall.h"

#ifndef ENGINE_RAW

#include "engine/engine.h"
#include "engine/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined __GLIBC__ && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
#define HAVE_CLOSEFROM 1
#endif

static enum ss_stage unsupported(const struct job *job)
{
	if (job->flags & (JOB_NEED_PIDFD | JOB_DETACH))
		return SS_STAGE_CLONE;
	if (job->flags & JOB_EXEC_FD)
		return SS_STAGE_EXEC;
	if (job->flags & (JOB_TTY | JOB_FOREGROUND))
		return SS_STAGE_TTY;
	if (job->flags & JOB_CGROUP)
		return SS_STAGE_CGROUP;
	if (job->n_limits)
		return SS_STAGE_LIMITS;
	if (job->affinity)
		return SS_STAGE_SCHED;
	if (job->flags & JOB_NICE)
		return SS_STAGE_NICE;
	if (job->oom_score)
		return SS_STAGE_OOM;
	if (job->flags & JOB_UMASK)
		return SS_STAGE_UMASK;
	if (job->flags & (JOB_GROUPS | JOB_DROP_GROUPS))
		return SS_STAGE_GROUPS;
	if (job->flags & JOB_GID)
		return SS_STAGE_GID;
	if (job->flags & JOB_UID)
		return SS_STAGE_UID;
	if (job->flags & JOB_NO_NEW_PRIVS)
		return SS_STAGE_PRIVS;
	return job->pdeathsig ? SS_STAGE_PDEATHSIG : SS_STAGE_NONE;
}

static sigset_t from_kernel(kernel_sigset set)
{
	sigset_t result;
	sigemptyset(&result);
	for (int sig = 1; sig <= 64; sig++)
		if (set >> (sig - 1) & 1)
			sigaddset(&result, sig);
	return result;
}

static int set_attributes(posix_spawnattr_t *attr, const struct job *job)
{
	short flags = POSIX_SPAWN_SETSIGDEF;
	sigset_t set = from_kernel(job->sigdefault);
	posix_spawnattr_setsigdefault(attr, &set);
	if (job->flags & JOB_MASK) {
		flags |= POSIX_SPAWN_SETSIGMASK;
		set = from_kernel(job->mask);
		posix_spawnattr_setsigmask(attr, &set);
	}
	if (job->flags & JOB_GROUP) {
		flags |= POSIX_SPAWN_SETPGROUP;
		posix_spawnattr_setpgroup(attr, job->group);
	}
	if (job->flags & JOB_SESSION)
		flags |= POSIX_SPAWN_SETSID;
	return -posix_spawnattr_setflags(attr, flags);
}

static bool is_closed(const struct fd_plan *plan, int fd)
{
	if (plan->cut >= 0 && fd >= plan->cut && !fd_plan_has_target(plan, fd))
		return true;
	for (size_t i = 0; i < plan->n_closes; i++)
		if (fd >= plan->closes[i].first && fd <= plan->closes[i].last)
			return true;
	return false;
}

/* posix_spawn has no close_range, so each open descriptor is named. */
static int add_closes(posix_spawn_file_actions_t *actions, const struct fd_plan *plan)
{
	int error = 0;
	DIR *dir = opendir("/proc/self/fd");
	if (!dir)
		return plan->cut < 0 && plan->n_closes == 0 ? 0 : -errno;
	for (struct dirent *entry; !error && (entry = readdir(dir)) != NULL;) {
		int fd = entry->d_name[0] == '.' ? dirfd(dir) : atoi(entry->d_name);
		if (fd != dirfd(dir) && is_closed(plan, fd))
			error = -posix_spawn_file_actions_addclose(actions, fd);
	}
	closedir(dir);
#ifdef HAVE_CLOSEFROM
	/* Other threads may open more before the spawn: these are closed, too. */
	int tail = plan->cut > plan->above ? plan->cut : plan->above;
	if (!error && plan->cut >= 0)
		error = -posix_spawn_file_actions_addclosefrom_np(actions, tail);
	/* Nothing can be open beyond the limit. */
	if (error == -EBADF)
		error = 0;
#endif
	return error;
}

static int add_actions(
	posix_spawn_file_actions_t *actions, const struct job *job, const int fds[], int cwd_fd)
{
	const struct fd_plan *plan = job->fds;
	int error = 0;
	for (size_t i = 0; !error && i < plan->n_places; i++) {
		const struct fd_place *p = &plan->places[i];
		int from = p->lift < 0 ? p->from : plan->lifts[p->lift].fd;
		error = -posix_spawn_file_actions_adddup2(actions, from, p->to);
	}
	for (size_t i = 0; !error && i < job->n_files; i++)
		error = -posix_spawn_file_actions_adddup2(actions, fds[i], job->files[i].to);
	if (!error && job->flags & JOB_MERGE)
		error = -posix_spawn_file_actions_adddup2(actions, 1, 2);
	if (!error && job->flags & JOB_CWD_FD)
		error = -posix_spawn_file_actions_addfchdir_np(actions, cwd_fd);
	if (!error)
		error = add_closes(actions, plan);
	if (!error && job->cwd)
		error = -posix_spawn_file_actions_addchdir_np(actions, job->cwd);
	return error;
}

/*
 * Duplicates to a number above all targets if the limit leaves room there, else to any number that
 * is no target.
 */
static int lift(const struct fd_plan *plan, int from)
{
	int fd = fcntl(from, F_DUPFD_CLOEXEC, plan->above);
	if (fd >= 0 || (errno != EINVAL && errno != EMFILE))
		return fd < 0 ? -errno : fd;
	for (int min = 3;; min = fd + 1) {
		fd = fcntl(from, F_DUPFD_CLOEXEC, min);
		if (fd < 0)
			return -errno;
		if (!fd_plan_has_target(plan, fd))
			return fd;
		close(fd);
	}
}

/* Descriptors opened in the caller's own table, which the child inherits. -1: none. */
struct temporary {
	int files[3];
	int cwd_fd; /* a duplicate that no place overwrites */
};

static void drop(const struct job *job, const struct temporary *t)
{
	for (size_t i = 0; i < job->fds->n_lifts; i++)
		if (job->fds->lifts[i].fd >= 0)
			close(job->fds->lifts[i].fd);
	for (int i = 0; i < 3; i++)
		if (t->files[i] >= 0)
			close(t->files[i]);
	if (t->cwd_fd >= 0)
		close(t->cwd_fd);
}

static int make_lifts(const struct job *job, struct temporary *t)
{
	const struct fd_plan *plan = job->fds;
	for (size_t i = 0; i < plan->n_lifts; i++) {
		int fd = lift(plan, plan->lifts[i].from);
		if (fd < 0)
			return fd;
		plan->lifts[i].fd = fd;
	}
	if (job->flags & JOB_CWD_FD) {
		t->cwd_fd = lift(plan, job->cwd_fd);
		if (t->cwd_fd < 0)
			return t->cwd_fd;
	}
	return 0;
}

/*
 * The caller opens the files, because posix_spawn does not say which step failed. Their numbers are
 * above all targets.
 */
static int open_files(const struct job *job, struct temporary *t)
{
	for (size_t i = 0; i < job->n_files; i++) {
		int fd = open(job->files[i].path, job->files[i].flags, 0666);
		if (fd < 0)
			return -errno;
		t->files[i] = lift(job->fds, fd);
		close(fd);
		if (t->files[i] < 0)
			return t->files[i];
	}
	return 0;
}

static int spawn_one(struct job *job, const char *path, pid_t *pid,
	const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr)
{
	int error = posix_spawn(pid, path, actions, attr, job->argv, job->env);
	if (error == ENOEXEC && job->shell_argv) {
		job->shell_argv[1] = (char *)(uintptr_t)path;
		error = posix_spawn(
			pid, job->shell_argv[0], actions, attr, job->shell_argv, job->env);
	}
	return error;
}

static int spawn_first(struct job *job, pid_t *pid, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attr)
{
	int error = ENOENT;
	bool denied = false;
	for (const char *path = job->paths; *path; path += strlen(path) + 1) {
		error = spawn_one(job, path, pid, actions, attr);
		if (!path_goes_on(error))
			return -error;
		denied |= error == EACCES;
	}
	return denied ? -EACCES : -error;
}

static enum ss_stage guess_stage(const struct job *job, int error)
{
	if (error == -EAGAIN || error == -ENOMEM)
		return SS_STAGE_CLONE;
	int dir = job->cwd ? open(job->cwd, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (job->cwd && dir < 0)
		return SS_STAGE_CWD;
	if (dir >= 0)
		close(dir);
	return SS_STAGE_EXEC;
}

static int spawn_with(struct job *job, pid_t *pid, const struct temporary *t)
{
	posix_spawnattr_t attr;
	posix_spawn_file_actions_t actions;
	job->failure.stage = SS_STAGE_OPTIONS;
	int error = -posix_spawnattr_init(&attr);
	if (error)
		return error;
	error = -posix_spawn_file_actions_init(&actions);
	if (error)
		goto no_actions;
	error = set_attributes(&attr, job);
	if (!error)
		error = add_actions(&actions, job, t->files, t->cwd_fd);
	if (error == -EBADF)
		job->failure.stage = SS_STAGE_FDS;
	if (!error) {
		error = spawn_first(job, pid, &actions, &attr);
		job->failure.stage = error ? guess_stage(job, error) : SS_STAGE_NONE;
	}
	posix_spawn_file_actions_destroy(&actions);
no_actions:
	posix_spawnattr_destroy(&attr);
	return error;
}

static int run(struct job *job, pid_t *pid)
{
	struct temporary t = {{-1, -1, -1}, -1};
	job->failure.stage = SS_STAGE_FDS;
	int error = make_lifts(job, &t);
	if (!error) {
		job->failure.stage = SS_STAGE_STDIO;
		error = open_files(job, &t);
	}
	if (!error)
		error = spawn_with(job, pid, &t);
	drop(job, &t);
	return error;
}

/* posix_spawn blocks signals itself, and gives the child the caller's mask. */
kernel_sigset ss__engine_enter(void)
{
	return 0;
}

void ss__engine_leave(kernel_sigset mask)
{
	(void)mask;
}

int ss__engine_run(struct block *b, const struct engine_wait *how, struct engine_child *child,
	enum ss_stage *stage)
{
	struct job *job = &b->job;
	pid_t pid = -1;
	(void)how;
	*stage = unsupported(job);
	int error = *stage == SS_STAGE_NONE ? run(job, &pid) : -ENOTSUP;
	if (!error) {
		*child = (struct engine_child){pid, -1};
		return 0;
	}
	if (*stage == SS_STAGE_NONE)
		*stage = job->failure.stage;
	ss__block_free(b);
	return error;
}

#endif
