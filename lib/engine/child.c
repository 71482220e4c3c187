/* SPDX-License-Identifier: MIT */
/*
 * What runs between clone and exec.
 *
 * The child runs in its parent's memory and, until the cut, on its parent's descriptor table. None
 * of the parent's threads is parked: the one that spawns waits, and may leave at any time.
 *
 *  1. Any write to memory is a write to the parent, and the caller's data may be gone. So the child
 *     reads and writes only the block that the job lies in. Its stack is in this block, too.
 *  2. libc takes the child for the parent's thread. So no libc function is called: not malloc, not
 *     stdio, not a set*id (they broadcast to all threads), nothing that sets errno or takes a lock.
 *     The compiler must not turn a loop over a string, or a zeroed struct, into a libc call.
 *  3. The stack is small (see CHILD_STACK_SIZE), so there are no large locals.
 *  4. While the descriptor table is shared, nothing may open, close or move a descriptor.
 *  5. No handler of the parent's may run here, so all signals are blocked until just before exec.
 *  6. A stop signal may have been sent to the caller's group before the child left the group. It
 *     would stop the child, and nobody would continue it. So the child discards pending stop
 *     signals when it leaves.
 *  7. Each way out is exec or _exit: there is no frame to return to.
 *  8. Memory may be a copy after all (qemu-user and others), so a failure is written to
 *     `failure_fd`, too.
 */
#include "engine/syscall.h"

#ifdef ENGINE_RAW

#include "engine/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "engine/child_exec.h"
#include "engine/child_fds.h"
#include "engine/child_signals.h"
#include "engine/job.h"

static _Noreturn PLAIN void end(void)
{
	for (;;)
		raw1(SYS_exit_group, 127);
}

static _Noreturn PLAIN void fail(struct job *job, enum ss_stage stage, long error)
{
	job->failure.error = (int)-error;
	job->failure.stage = stage;
	if (job->failure_fd >= 0)
		raw3(SYS_write, job->failure_fd, &job->failure, sizeof job->failure);
	end();
}

static PLAIN void check(struct job *job, enum ss_stage stage, long result)
{
	if (result < 0)
		fail(job, stage, result);
}

static PLAIN long write_file(int dir, const char *path, const char *text, size_t len)
{
	long fd = raw3(SYS_openat, dir, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	long result = raw3(SYS_write, fd, text, len);
	raw1(SYS_close, fd);
	return result;
}

/* SIGTTOU is blocked, so even a background process may do this. */
static PLAIN long take_foreground(const struct job *job)
{
	int group = (int)raw1(SYS_getpgid, 0);
	return raw3(SYS_ioctl, job->tty, TIOCSPGRP, &group);
}

static PLAIN void set_session(struct job *job)
{
	if (job->flags & JOB_SESSION)
		check(job, SS_STAGE_SESSION, raw0(SYS_setsid));
	if (job->flags & JOB_GROUP)
		check(job, SS_STAGE_GROUP, raw2(SYS_setpgid, 0, job->group));
	if (job->flags & (JOB_SESSION | JOB_GROUP))
		ss__child_discard_stops();
	if (job->flags & JOB_TTY)
		check(job, SS_STAGE_TTY, raw3(SYS_ioctl, job->tty, TIOCSCTTY, 0));
	if (job->flags & JOB_FOREGROUND)
		check(job, SS_STAGE_TTY, take_foreground(job));
}

/* These open files, so they come after the cut, and before the plan closes the directory. */
static PLAIN void set_by_file(struct job *job)
{
	if (job->cgroup_by_file)
		check(job, job->at = SS_STAGE_CGROUP,
			write_file(job->cgroup, "cgroup.procs", "0", 1));
	if (job->oom_score)
		check(job, SS_STAGE_OOM,
			write_file(AT_FDCWD, "/proc/self/oom_score_adj", job->oom_score,
				job->oom_score_len));
}

static PLAIN void set_resources(struct job *job)
{
	for (size_t i = 0; i < job->n_limits; i++)
		check(job, SS_STAGE_LIMITS,
			raw4(SYS_prlimit64, 0, job->limits[i].resource, &job->limits[i].limit, 0));
	if (job->affinity)
		check(job, SS_STAGE_SCHED,
			raw3(SYS_sched_setaffinity, 0, job->affinity_size, job->affinity));
	if (job->flags & JOB_NICE)
		check(job, SS_STAGE_NICE, raw3(SYS_setpriority, PRIO_PROCESS, 0, job->nice));
	if (job->flags & JOB_UMASK)
		raw1(SYS_umask, job->umask);
	job->at = SS_STAGE_CWD;
	if (job->flags & JOB_CWD_FD)
		check(job, SS_STAGE_CWD, raw1(SYS_fchdir, job->cwd_fd));
	if (job->cwd)
		check(job, SS_STAGE_CWD, raw1(SYS_chdir, job->cwd));
}

/* In some user namespaces nobody may set groups. Without groups there is nothing to drop. */
static PLAIN long drop_groups(void)
{
	return raw2(SYS_getgroups, 0, 0) > 0 ? raw2(SYS_setgroups, 0, 0) : 0;
}

/* The uid comes last, because the others need root's. */
static PLAIN void set_identity(struct job *job)
{
	if (job->flags & JOB_DROP_GROUPS)
		check(job, SS_STAGE_GROUPS, drop_groups());
	if (job->flags & JOB_GROUPS)
		check(job, SS_STAGE_GROUPS, raw2(SYS_setgroups, job->n_groups, job->groups));
	if (job->flags & JOB_GID)
		check(job, SS_STAGE_GID, raw3(SYS_setresgid, job->gid, job->gid, job->gid));
	if (job->flags & JOB_UID)
		check(job, SS_STAGE_UID, raw3(SYS_setresuid, job->uid, job->uid, job->uid));
	if (job->flags & JOB_NO_NEW_PRIVS)
		check(job, SS_STAGE_PRIVS, raw5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/*
 * Comes after set_identity, because a change of uid clears the signal. The parent may have died
 * before. A parent of 0 is outside this pid namespace: nothing is known of it.
 */
static PLAIN void set_pdeathsig(struct job *job)
{
	if (!job->pdeathsig)
		return;
	check(job, SS_STAGE_PDEATHSIG, raw5(SYS_prctl, PR_SET_PDEATHSIG, job->pdeathsig, 0, 0, 0));
	long parent = raw0(SYS_getppid);
	if (parent != 0 && parent != job->parent)
		end();
}

static PLAIN void set_descriptors(struct job *job)
{
	struct child_failure failure;
	check(job, job->at = SS_STAGE_FDS, ss__child_cut(job));
	set_by_file(job);
	job->at = SS_STAGE_STDIO;
	if (ss__child_place(job, &failure) < 0 || ss__child_open(job, &failure) < 0 ||
		ss__child_close(job, &failure) < 0)
		fail(job, failure.stage, -failure.error);
}

/* Nobody waits for the second process: its parent ends here. */
void PLAIN ss__child_middle(void *arg)
{
	struct job *job = arg;
	long pid = job->reset_handlers ? -ENOSYS : ss__clone_new(&job->second);
	if (pid == -ENOSYS || pid == -EINVAL || pid == -EPERM) {
		job->reset_handlers = true;
		pid = ss__clone_old(&job->second);
	}
	job->second_pid = (pid_t)pid;
	end();
}

void PLAIN ss__child_main(void *arg)
{
	struct job *job = arg;

	job->alive = true;
	if (job->flags & JOB_NEED_PIDFD && *job->pidfd < 0)
		fail(job, SS_STAGE_CLONE, -ENOSYS);
	set_session(job);
	set_descriptors(job);
	set_resources(job);
	set_identity(job);
	check(job, SS_STAGE_SIGNALS, ss__child_dispositions(job));
	set_pdeathsig(job);
	job->at = SS_STAGE_EXEC;
	check(job, SS_STAGE_SIGNALS, ss__child_mask(job));
	fail(job, SS_STAGE_EXEC, ss__child_exec(job));
}

#endif
