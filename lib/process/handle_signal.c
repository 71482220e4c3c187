/* SPDX-License-Identifier: MIT */
/* Signals to a child and its family: the process group that it leads, or its descendants if it is
 * in its caller's group. */
#include "process/handle.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "engine/block.h"
#include "engine/engine.h"
#include "engine/syscall.h"
#include "process/processes.h"

/* PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9 */
#define TO_PROCESS_GROUP 4U

static int pidfd_kill(const struct ss_child *child, int sig, unsigned flags)
{
	return syscall(SYS_pidfd_send_signal, child->pidfd, sig, NULL, flags) < 0 ? -errno : 0;
}

int ss__handle_kill(const struct ss_child *child, int sig)
{
	if (child->pid <= 0)
		return -ESRCH;
	int r = child->pidfd >= 0 ? pidfd_kill(child, sig, 0) : -ENOSYS;
	if (r != -ENOSYS && r != -EPERM)
		return r;
	/*
	 * The kernel lacks the call, or a seccomp profile refuses it. A true EPERM comes again from
	 * kill.
	 */
	return kill(child->pid, sig) < 0 ? -errno : 0;
}

static int await_death(const struct ss_child *child, int64_t deadline)
{
	struct cancel cancel;
	int error;
	if (deadline < 0)
		return 0; /* the reaping waits for it */
	ss__cancel_off(&cancel);
	do {
		error = ss__handle_await(child, ss__deadline_left(deadline));
	} while (error == -EINTR);
	ss__cancel_as_before(&cancel);
	return error;
}

int ss__handle_kill_and_reap(
	struct ss_child *child, int64_t deadline, int *status, struct rusage *usage)
{
	int error = ss__handle_kill(child, SIGKILL);
	if (error == -EPERM)
		return ss__handle_reap_refused(child, status, usage);
	error = await_death(child, deadline);
	return error == -ETIMEDOUT ? error : ss__handle_reap(child, status, usage);
}

void ss__handle_leave(struct ss_child *child)
{
	const kernel_sigset mask = ss__engine_enter();
	if (ss__block_adopt(child->pid, child->pidfd))
		child->pidfd = -1;
	ss__engine_leave(mask);
	child->pid = 0;
}

int ss__handle_kill_group(const struct ss_child *child, int sig)
{
	int r = child->pidfd >= 0 ? pidfd_kill(child, sig, TO_PROCESS_GROUP) : -EINVAL;
	if (r != -EINVAL && r != -ENOSYS && r != -EPERM)
		return r;
	if (child->pid <= 0)
		return -ESRCH;
	return kill(-child->pid, sig) < 0 ? -errno : 0;
}

void ss__handle_kill_family(const struct ss_child *child)
{
	if (child->own_group == HANDLE_GROUP)
		ss__handle_kill_group(child, SIGKILL);
	else if (child->own_group == HANDLE_DESCENDANTS && ss__handle_kill(child, SIGSTOP) == 0)
		ss__kill_descendants(child->pid);
}

/* A stopped process would not see SIGTERM without SIGCONT. */
static int ask(const struct ss_child *child, int (*send)(const struct ss_child *, int))
{
	int error = send(child, SIGTERM);
	if (!error)
		send(child, SIGCONT);
	return error;
}

/* The leader may have moved to another group. */
int ss__handle_ask(const struct ss_child *child)
{
	if (child->own_group != HANDLE_GROUP)
		return ask(child, ss__handle_kill);
	int error = ask(child, ss__handle_kill_group);
	if (getpgid(child->pid) == child->pid)
		return error;
	int its_own = ask(child, ss__handle_kill);
	return error ? its_own : 0;
}

bool ss__handle_knows_group(const struct ss_child *child)
{
	int r = child->pidfd >= 0 ? pidfd_kill(child, 0, TO_PROCESS_GROUP) : -EINVAL;
	return r == 0 || r == -ESRCH;
}

/* The kernel counts zombies as members. They remain if process 1 does not reap. */
void ss__handle_await_group(const struct ss_child *child, pid_t group, int64_t deadline)
{
	for (int step = 1; ss__deadline_left(deadline) != 0; step++) {
		if (pidfd_kill(child, 0, TO_PROCESS_GROUP) == -ESRCH)
			return;
		int r = ss__group_await_one(group, deadline);
		if (r == 0)
			return;
		if (r < 0)
			ss__handle_nap(step, ss__deadline_left(deadline));
	}
}

void ss__handle_await_group_of_zombie(const struct ss_child *child, int64_t deadline)
{
	while (ss__deadline_left(deadline) != 0 && ss__group_await_one(child->pid, deadline) > 0)
		;
}
