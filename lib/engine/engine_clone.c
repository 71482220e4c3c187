/* SPDX-License-Identifier: MIT */
/*
 * The engine on clone3 and clone: the parent's side.
 *
 *  1. A signal handler that ran in the child would run in the parent's memory; one that ran here
 *     meanwhile would find nearly all signals blocked, and what it starts would inherit that. So all
 *     are blocked round the clone, by a raw call, as libc leaves out the two it uses itself. But the
 *     child often ends before the mask is back, and where nothing handles SIGCHLD, that would be
 *     queued all the same and wake another thread: then it stays as it is, if the clone resets
 *     handlers, should another thread set one.
 *  2. A cancelled thread would leave the mask and the child behind: the caller sees to that.
 *  3. The child needs a stack of its own. A mapping would take the lock that page faults of other
 *     threads want; the caller's stack may be 16 KiB in all: a small array on it.
 *  4. Another thread that waits for any child may reap one that failed before we do. Where there is
 *     a pidfd it is reaped by that, so that a stranger with the same pid is left alone.
 *  5. A kernel or a seccomp profile may lack or refuse any of it. What has been refused once is not
 *     tried again. The last resort still is CLONE_VM|CLONE_VFORK, never fork.
 *  6. Some emulators do not share memory or do not park the parent. They are found out by a child
 *     that only sets a variable, once in a process; from then on failures come by pipe.
 */
#include "engine/syscall.h"

#ifdef ENGINE_RAW

#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/action.h"
#include "engine/child.h"
#include "engine/clone.h"

/* Set, never cleared: racing threads at worst learn the same thing twice. */
static atomic_bool no_clone3;
static atomic_bool no_shared_table;
static _Atomic enum { MEMORY_UNKNOWN, MEMORY_SHARED, MEMORY_COPIED } memory;

#define SIGCHLD_BIT ((kernel_sigset)1 << (SIGCHLD - 1))

static kernel_sigset block(kernel_sigset set)
{
	kernel_sigset old = 0;
	raw4(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, sizeof set);
	return old;
}

/* With memory unknown a probe comes first, whose clone resets nothing. */
static kernel_sigset to_block(void)
{
	bool resets_handlers = memory == MEMORY_SHARED && !no_clone3;
	bool leave_open = resets_handlers && !action_is_handler(SIGCHLD);
	return leave_open ? ~SIGCHLD_BIT : ~(kernel_sigset)0;
}

static void restore_mask(kernel_sigset old)
{
	raw4(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, sizeof old);
}

/*
 * __WALL: the probe has no exit signal. Before 5.4 a pidfd can't be waited for. A handler for SIGCHLD
 * may interrupt it, if only one that another thread has just set.
 */
static void reap(long pid, int pidfd)
{
	long result = -EINVAL;
	if (pidfd >= 0) {
		do {
			result = raw5(SYS_waitid, WAIT_PIDFD, pidfd, 0, WEXITED | __WALL, 0);
		} while (result == -EINTR);
		raw1(SYS_close, pidfd);
	}
	if (result >= 0 || result == -ECHILD)
		return;
	while (raw4(SYS_wait4, pid, 0, __WALL, 0) == -EINTR)
		;
}

/* These are answers; anything else may be a refusal of what is new in clone3. */
static bool is_refusal(long result)
{
	return result < 0 && result != -EAGAIN && result != -ENOMEM && result != -EMFILE &&
	       result != -ENFILE;
}

static long try_clone(struct job *job, struct clone_call call, bool by_clone3, uint64_t extra)
{
	call.flags |= extra;
	job->reset_handlers = !(extra & ENGINE_CLEAR_SIGHAND);
	job->cgroup_by_file = (job->flags & JOB_CGROUP) && !(extra & ENGINE_INTO_CGROUP);
	if (by_clone3)
		return ss__clone_new(&call);
	block(SIGCHLD_BIT);
	return ss__clone_old(&call);
}

static long clone_best(struct job *job, const struct clone_call *call)
{
	long pid = -ENOSYS;
	if (!no_clone3 && (job->flags & JOB_CGROUP))
		pid = try_clone(job, *call, true, ENGINE_CLEAR_SIGHAND | ENGINE_INTO_CGROUP);
	if (!no_clone3 && is_refusal(pid))
		pid = try_clone(job, *call, true, ENGINE_CLEAR_SIGHAND);
	if (is_refusal(pid)) {
		pid = try_clone(job, *call, false, 0);
		if (pid > 0)
			no_clone3 = true;
	}
	return pid;
}

static int clone_failed(struct job *job, long result)
{
	job->verdict.stage = SS_STAGE_CLONE;
	return (int)result;
}

static int run_shared(struct job *job, struct engine_child *child, void *stack)
{
	for (;;) {
		int pidfd = -1;
		job->verdict = (struct verdict){0};
		job->shared_table = job->fds->cut >= 0 && !no_shared_table;
		const struct clone_call call = {
			.flags = (job->flags & JOB_NO_PIDFD ? 0 : CLONE_PIDFD) |
				 (job->shared_table ? CLONE_FILES : 0),
			.exit_signal = SIGCHLD,
			.pidfd = &pidfd,
			.cgroup = job->cgroup,
			.stack = stack,
			.stack_size = CHILD_STACK_SIZE,
			.run = ss__child_main,
			.arg = job,
		};
		long pid = clone_best(job, &call);
		if (pid < 0 && pid != -EAGAIN && pid != -ENOMEM && call.flags & CLONE_PIDFD) {
			/* Neither a full table nor a refusal is a reason to fail for want of it. */
			job->flags |= JOB_NO_PIDFD;
			continue;
		}
		if (pid < 0)
			return clone_failed(job, pid);
		if (job->verdict.stage == SS_STAGE_NONE) {
			*child = (struct engine_child){(pid_t)pid, pidfd};
			return 0;
		}
		reap(pid, pidfd);
		if (job->verdict.error != ENGINE_RETRY_PRIVATE)
			return -job->verdict.error;
		no_shared_table = true;
	}
}

/* Returns when the child has exec'ed, which closes the pipe, or has failed and said so. */
static int read_verdict(struct job *job, int from)
{
	struct verdict verdict;
	long len;
	do {
		len = raw3(SYS_read, from, &verdict, sizeof verdict);
	} while (len == -EINTR);
	if (len != sizeof verdict)
		return 0;
	job->verdict = verdict;
	return -verdict.error;
}

static int run_copied(struct job *job, struct engine_child *child, void *stack)
{
	int ends[2];
	long result = raw2(SYS_pipe2, ends, O_CLOEXEC);
	if (result < 0) {
		job->verdict.stage = SS_STAGE_PIPE;
		return (int)result;
	}
	job->report = ends[1];
	const struct clone_call call = {
		.exit_signal = SIGCHLD,
		.cgroup = -1,
		.stack = stack,
		.stack_size = CHILD_STACK_SIZE,
		.run = ss__child_main,
		.arg = job,
	};
	long pid = try_clone(job, call, false, 0);
	raw1(SYS_close, ends[1]);
	if (pid < 0)
		result = clone_failed(job, pid);
	else
		result = read_verdict(job, ends[0]);
	raw1(SYS_close, ends[0]);
	if (pid > 0 && result < 0)
		reap(pid, -1);
	if (result == 0)
		*child = (struct engine_child){(pid_t)pid, -1};
	return (int)result;
}

/* Real kernels have no objection to these flags. */
static long probe_memory(void *stack)
{
	int shared = 0;
	const struct clone_call call = {
		.stack = stack,
		.stack_size = CHILD_STACK_SIZE,
		.run = ss__child_probe,
		.arg = &shared,
	};
	long pid = ss__clone_old(&call);
	if (pid < 0 && pid != -EINVAL)
		return pid;
	if (pid > 0)
		reap(pid, -1);
	memory = shared ? MEMORY_SHARED : MEMORY_COPIED;
	return 0;
}

/* Not inlined: the stack is there only while it is needed. */
static __attribute__((noinline)) int run_blocked(struct job *job, struct engine_child *child)
{
	_Alignas(16) char stack[CHILD_STACK_SIZE];
	long result = memory == MEMORY_UNKNOWN ? probe_memory(stack) : 0;
	if (result < 0)
		return clone_failed(job, result);
	return memory == MEMORY_SHARED ? run_shared(job, child, stack)
				       : run_copied(job, child, stack);
}

int ss__engine_run(struct job *job, struct engine_child *child)
{
	kernel_sigset old = block(to_block());
	if (!(job->flags & JOB_MASK))
		job->mask = old;
	if (job->pdeathsig)
		job->parent = getpid();
	job->report = -1;
	int result = run_blocked(job, child);
	restore_mask(old);
	return result;
}

#endif
