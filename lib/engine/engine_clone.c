/* SPDX-License-Identifier: MIT */
/*
 * The engine on clone3 and clone: the parent's side.
 *
 *  1. CLONE_VFORK would park the caller until the child's exec, and only SIGKILL would end it: on a
 *     dead mount, at a FIFO, or while the child is stopped. Instead, the kernel clears a word of
 *     the block (CLONE_CHILD_CLEARTID) when the child execs or ends, and wakes the caller. This
 *     wait is an ordinary one: signals end it, and it has a time limit.
 *  2. The kernel's wake-up is not private, so the wait is not private.
 *  3. A signal handler must not run in the child, in the parent's memory. So all signals are
 *     blocked around the clone. The caller's mask is back as soon as the clone has returned. The
 *     child unblocks its signals just before exec, when its own table has no handler left.
 *  4. A handler may leave by siglongjmp, or end the thread, during the wait. So the child uses
 *     nothing but the block, and the block notes what the caller would have got (block.c).
 *     Everywhere else signals are blocked, or what is owned has been noted.
 *  5. A handler may fork during the wait, or just before it. The forked process returns here, too,
 *     where no kernel clears the word. Fork itself clears it, because the word lies in a page that
 *     fork wipes. If the kernel cannot wipe, the wait ends now and then for a look at the block's
 *     owner.
 *  6. A cancelled thread would leave the block behind, so cancellation is off. A caller may ask for
 *     it in the wait, and then kills the child. glibc cancels by a signal. If the signal was sent
 *     as the wait ended, a cancellation point takes it at once. Taken later, it might be blocked,
 *     and the next cancellation point, such as close, would wait for it for ever.
 *  7. A child given up is killed. If it does not end (a dead mount), or may not be killed (it has
 *     another user), it keeps the block.
 *  8. Another thread that waits for any child may reap a failed one before we do (reap.c).
 *  9. A kernel or a seccomp profile may lack or refuse any of these calls. A call that was refused
 *     once is not tried again. The last resort is CLONE_VM|CLONE_VFORK, never fork.
 * 10. Some emulators do not share memory or do not park the parent. They refuse CLONE_VM without
 *     CLONE_VFORK. valgrind even ends the program then, but has no clone3. It makes a fork of
 *     CLONE_VM|CLONE_VFORK, and parks the parent in it without a bound, so it is asked for a fork.
 *     There, failures come by pipe. The first child shows whether it shares memory. A process made
 *     only to find this out would be the first of a new pid namespace, and its end would close the
 *     namespace.
 * 11. The kernel gives a new oom_score_adj to every process that shares the memory, except a child
 *     of CLONE_VFORK. So a caller that sets oom_score_adj is parked after all.
 */
#include "engine/syscall.h"

#ifdef ENGINE_RAW

#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/child.h"
#include "engine/clone.h"
#include "engine/reap.h"
#include "engine/wait.h"

/* Set, never cleared: threads that race learn the same thing twice. */
static atomic_bool no_clone3;
static atomic_bool no_shared_table;
static _Atomic enum { MEMORY_UNKNOWN, MEMORY_SHARED, MEMORY_COPIED } memory;

kernel_sigset ss__engine_enter(void)
{
	const kernel_sigset all = ~(kernel_sigset)0;
	kernel_sigset old = 0;
	raw4(SYS_rt_sigprocmask, SIG_BLOCK, &all, &old, sizeof all);
	return old;
}

void ss__engine_leave(kernel_sigset mask)
{
	raw4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof mask);
}

/* These errors are real answers. Any other may be a refusal of what is new in clone3. */
static bool is_refusal(long result)
{
	return result < 0 && result != -EAGAIN && result != -ENOMEM && result != -EMFILE &&
	       result != -ENFILE;
}

static bool in_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");
	return preload && strstr(preload, "/vgpreload_");
}

static long try_clone(struct job *job, struct clone_call call, bool by_clone3, uint64_t extra)
{
	call.flags |= extra;
	job->reset_handlers = !(extra & ENGINE_CLEAR_SIGHAND);
	job->cgroup_by_file = (job->flags & JOB_CGROUP) && !(extra & ENGINE_INTO_CGROUP);
	return by_clone3 ? ss__clone_new(&call) : ss__clone_old(&call);
}

static long clone_best(struct job *job, const struct clone_call *call)
{
	long pid = -ENOSYS;
	if (!no_clone3 && (job->flags & JOB_CGROUP))
		pid = try_clone(job, *call, true, ENGINE_CLEAR_SIGHAND | ENGINE_INTO_CGROUP);
	if (!no_clone3 && is_refusal(pid))
		pid = try_clone(job, *call, true, ENGINE_CLEAR_SIGHAND);
	if (!is_refusal(pid))
		return pid;
	if (in_valgrind()) /* (10) */
		return -EINVAL;
	pid = try_clone(job, *call, false, 0);
	if (pid > 0)
		no_clone3 = true;
	return pid;
}

/* The middle process ends at once, and sends no signal. It shares the descriptor table to the end,
 * so that the pidfd appears in the caller's. */
static long clone_middle(struct block *b)
{
	struct job *job = &b->job;
	const struct clone_call middle = {
		.flags = CLONE_VM | CLONE_FILES,
		.stack = b->middle_stack,
		.stack_size = sizeof b->middle_stack,
		.run = ss__child_middle,
		.arg = job,
	};
	if (in_valgrind()) /* (10) */
		return -ENOTSUP;
	job->second.flags |= no_clone3 ? 0 : ENGINE_CLEAR_SIGHAND;
	job->reset_handlers = no_clone3;
	job->cgroup_by_file = job->flags & JOB_CGROUP;
	long pid = ss__clone_old(&middle);
	if (pid < 0)
		return pid == -EINVAL ? -ENOTSUP : pid;
	ss__reap((pid_t)pid, -1);
	return job->second_pid;
}

static long clone_once(struct block *b)
{
	struct job *job = &b->job;
	job->failure = (struct child_failure){0};
	job->alive = job->opening = false;
	job->at = SS_STAGE_CLONE;
	job->shared_table = job->fds->cut >= 0 && !no_shared_table;
	b->pidfd = -1;
	*b->in_child = 1;
	job->second = (struct clone_call){
		.flags = CLONE_VM | (job->flags & JOB_NO_PIDFD ? 0 : CLONE_PIDFD) |
			 (job->shared_table ? CLONE_FILES : 0) |
			 (job->oom_score ? CLONE_VFORK : 0) | CLONE_CHILD_CLEARTID,
		.exit_signal = SIGCHLD,
		.pidfd = &b->pidfd,
		.in_child = b->in_child,
		.cgroup = job->cgroup,
		.stack = b->stack,
		.stack_size = sizeof b->stack,
		.run = ss__child_main,
		.arg = job,
	};
	long pid = job->flags & JOB_DETACH ? clone_middle(b) : clone_best(job, &job->second);
	b->pid = (pid_t)pid;
	if (pid < 0)
		*b->in_child = 0;
	return pid;
}

/* A full table or a refused pidfd is a failure only if the caller needs the pidfd. */
static long clone_shared(struct block *b)
{
	long pid = clone_once(b);
	if (pid > 0 || pid == -EAGAIN || pid == -ENOMEM ||
		b->job.flags & (JOB_NO_PIDFD | JOB_NEED_PIDFD))
		return pid;
	b->job.flags |= JOB_NO_PIDFD;
	return clone_once(b);
}

static int fail(struct block *b, struct child_failure failure, enum ss_stage *stage)
{
	*stage = failure.stage;
	ss__block_free(b);
	return -failure.error;
}

static int clone_failed(struct block *b, long error, enum ss_stage *stage)
{
	return fail(b, (struct child_failure){SS_STAGE_CLONE, (int)-error}, stage);
}

/* The wait has ended and the child has reported nothing. */
static int leave(struct waiter *w, int error, enum ss_stage *stage)
{
	*stage = SS_STAGE_CLONE;
	if (error == -ECHILD) /* (5) The child belongs to another process. */
		return error;
	*stage = w->block->job.at;
	ss__give_up(w);
	return error;
}

/* (10) The child has run, and its failure (if any) is lost. The caller gets its wait status. */
static int found_copied(struct waiter *w, struct engine_child *child)
{
	struct block *b = w->block;
	memory = MEMORY_COPIED;
	*b->in_child = 0;
	*child = (struct engine_child){b->pid, b->pidfd};
	ss__engine_leave(w->how->mask);
	return 0;
}

static int run_copied(struct waiter *w, struct engine_child *child, enum ss_stage *stage)
{
	struct block *b = w->block;
	struct child_failure failure = {0};
	int ends[2];
	long error = raw2(SYS_pipe2, ends, O_CLOEXEC);
	if (error < 0)
		return fail(b, (struct child_failure){SS_STAGE_PIPE, (int)-error}, stage);
	b->job.failure_fd = ends[1];
	b->job.shared_table = false;
	const struct clone_call call = {
		.flags = in_valgrind() ? 0 : CLONE_VM | CLONE_VFORK, /* (10) */
		.exit_signal = SIGCHLD,
		.cgroup = -1,
		.stack = b->stack,
		.stack_size = sizeof b->stack,
		.run = ss__child_main,
		.arg = &b->job,
	};
	long pid = try_clone(&b->job, call, false, 0);
	b->pid = (pid_t)pid;
	raw1(SYS_close, ends[1]);
	if (pid > 0) {
		memory = MEMORY_COPIED;
		b->held[BLOCK_HELD - 1] = ends[0];
		w->failure_from = ends[0];
		error = ss__await_failure(w, &failure);
		b->held[BLOCK_HELD - 1] = -1;
	}
	raw1(SYS_close, ends[0]);
	if (pid < 0)
		return clone_failed(b, pid, stage);
	if (error)
		return leave(w, (int)error, stage);
	if (failure.stage == SS_STAGE_NONE) {
		*child = (struct engine_child){(pid_t)pid, -1};
		ss__engine_leave(w->how->mask);
		return 0;
	}
	ss__reap((pid_t)pid, -1);
	return fail(b, failure, stage);
}

static int run_shared(struct waiter *w, struct engine_child *child, enum ss_stage *stage)
{
	struct block *b = w->block;
	for (;;) {
		long pid = clone_shared(b);
		if (pid < 0 && is_refusal(pid) && !(b->job.flags & (JOB_NEED_PIDFD | JOB_DETACH)))
			return run_copied(w, child, stage);
		if (pid < 0)
			return clone_failed(b, pid, stage);
		int error = ss__await_start(w);
		if (error == -ENOSYS)
			return found_copied(w, child);
		if (error)
			return leave(w, error, stage);
		const struct child_failure failure = b->job.failure;
		if (failure.stage == SS_STAGE_NONE) {
			if (memory == MEMORY_UNKNOWN && b->job.alive)
				memory = MEMORY_SHARED;
			*child = (struct engine_child){(pid_t)pid, b->pidfd};
			return 0;
		}
		ss__engine_enter();
		ss__block_reap(b);
		if (failure.error != ENGINE_RETRY_PRIVATE)
			return fail(b, failure, stage);
		no_shared_table = true;
	}
}

int ss__engine_run(struct block *b, const struct engine_wait *how, struct engine_child *child,
	enum ss_stage *stage)
{
	struct waiter w = {
		.block = b,
		.how = how,
		.number = b->number,
		.deadline = ss__deadline_in(how->timeout_ms > 0 ? how->timeout_ms : -1),
		.failure_from = -1,
		.probing = memory == MEMORY_UNKNOWN,
	};
	if (!(b->job.flags & JOB_MASK))
		b->job.mask = how->mask;
	if (b->job.pdeathsig)
		b->job.parent = getpid();
	b->job.failure_fd = -1;
	b->job.pidfd = &b->pidfd;
	if (memory != MEMORY_COPIED)
		return run_shared(&w, child, stage);
	return b->job.flags & JOB_DETACH ? clone_failed(b, -ENOTSUP, stage)
					 : run_copied(&w, child, stage);
}

#endif
