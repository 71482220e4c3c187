/* SPDX-License-Identifier: MIT */
#include "process/handle.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/syscall.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "process/group.h"

/* Newer than some headers: signals to a pidfd's group, 6.9. */
#define TO_PROCESS_GROUP 4U

/* Before 5.4, where a pidfd cannot be waited for, nor polled before 5.3: then by pid, as without. */
static atomic_bool no_wait_by_pidfd;

/* libc's waitid has no usage, the kernel's has. Its struct is libc's where a long is 64 bits. */
static int wait_call(idtype_t type, int id, siginfo_t *info, int flags, struct rusage *usage)
{
	if (usage && sizeof(long) == 8)
		return (int)syscall(SYS_waitid, type, id, info, flags, usage);
	return waitid(type, (id_t)id, info, flags);
}

static int wait_once(const struct ss_child *child, siginfo_t *info, int flags, struct rusage *usage)
{
	bool by_pidfd = child->pidfd >= 0 && !no_wait_by_pidfd;
	info->si_pid = 0;
	int r = by_pidfd ? wait_call((idtype_t)WAIT_PIDFD, child->pidfd, info, flags, usage)
			 : wait_call(P_PID, child->pid, info, flags, usage);
	if (r < 0 && errno == EINVAL && by_pidfd) {
		no_wait_by_pidfd = true;
		return wait_once(child, info, flags, usage);
	}
	return r < 0 ? -errno : info->si_pid != 0;
}

static int await_readable(const struct ss_child *child, int timeout_ms)
{
	struct pollfd p = {.fd = child->pidfd, .events = POLLIN};
	return poll(&p, 1, timeout_ms) < 0 ? -errno : 0;
}

/*
 * 1: it has ended, 0: not yet (only with WNOHANG), or -errno. An event loop may have made the pidfd
 * non-blocking, and then the kernel does not wait either.
 */
static int wait_id(const struct ss_child *child, siginfo_t *info, int flags, struct rusage *usage)
{
	for (;;) {
		int r = wait_once(child, info, flags, usage);
		if (r != -EAGAIN || child->pidfd < 0)
			return r;
		r = await_readable(child, -1);
		if (r < 0)
			return r;
	}
}

static int has_ended(const struct ss_child *child)
{
	siginfo_t info;
	return wait_id(child, &info, WEXITED | WNOHANG | WNOWAIT, NULL);
}

static int await_for_ever(const struct ss_child *child)
{
	siginfo_t info;
	int r = wait_id(child, &info, WEXITED | WNOWAIT, NULL);
	return r < 0 ? r : 0;
}

/* One step of a timed wait without pidfd. Few wake-ups: 1 ms at first, in the end 20 ms. */
static int nap(int step, int left_ms)
{
	int ms = step < 20 ? step + 1 : 20;
	if (left_ms >= 0 && left_ms < ms)
		ms = left_ms;
	const struct timespec t = {.tv_nsec = ms * 1000000L};
	return nanosleep(&t, NULL) < 0 ? -errno : 0;
}

static int wait_step(const struct ss_child *child, int step, int left_ms)
{
	bool by_pidfd = child->pidfd >= 0 && !no_wait_by_pidfd;
	return by_pidfd ? await_readable(child, left_ms) : nap(step, left_ms);
}

int ss__handle_await(const struct ss_child *child, int timeout_ms)
{
	if (child->pid <= 0)
		return -ECHILD;
	if (timeout_ms < 0)
		return await_for_ever(child);
	int64_t deadline = ss__deadline_in(timeout_ms);
	for (int step = 0;; step++) {
		int left = ss__deadline_left(deadline);
		int r = has_ended(child);
		if (r)
			return r < 0 ? r : 0;
		if (left == 0)
			return -ETIMEDOUT;
		r = wait_step(child, step, left);
		if (r < 0)
			return r;
	}
}

static int wait_status(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return (info->si_status & 0xff) << 8;
	return info->si_status | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

int ss__handle_reap_once(struct ss_child *child, int *status, struct rusage *usage)
{
	siginfo_t info;
	if (child->pid <= 0)
		return -ECHILD;
	int r = wait_id(child, &info, WEXITED, usage);
	if (r < 0)
		return r;
	child->pid = 0;
	if (status)
		*status = wait_status(&info);
	return 0;
}

int ss__handle_reap(struct ss_child *child, int *status, struct rusage *usage)
{
	struct cancel cancel;
	int r;
	/* Cancelled in here, a thread could have reaped it without a note that it has. */
	ss__cancel_off(&cancel);
	do {
		r = ss__handle_reap_once(child, status, usage);
	} while (r == -EINTR);
	ss__cancel_as_before(&cancel);
	return r;
}

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
	/* No such call, or a seccomp profile refuses it; a true EPERM comes again. */
	return kill(child->pid, sig) < 0 ? -errno : 0;
}

int ss__handle_reap_refused(struct ss_child *child, int *status, struct rusage *usage)
{
	int error = ss__handle_await(child, 0);
	if (error)
		return error == -ETIMEDOUT ? -EPERM : error;
	return ss__handle_reap(child, status, usage);
}

int ss__handle_kill_and_reap(struct ss_child *child, int *status, struct rusage *usage)
{
	int error = ss__handle_kill(child, SIGKILL);
	return error == -EPERM ? ss__handle_reap_refused(child, status, usage)
			       : ss__handle_reap(child, status, usage);
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

bool ss__handle_leads(const struct ss_child *child)
{
	return getpgid(child->pid) == child->pid;
}

bool ss__handle_knows_group(const struct ss_child *child)
{
	int r = child->pidfd >= 0 ? pidfd_kill(child, 0, TO_PROCESS_GROUP) : -EINVAL;
	return r == 0 || r == -ESRCH;
}

/* Looking for zombies means a look at every process there is: not at each step. */
void ss__handle_await_group(const struct ss_child *child, pid_t group, int64_t deadline)
{
	int left;
	for (int step = 1; (left = ss__deadline_left(deadline)) != 0; step++) {
		if (pidfd_kill(child, 0, TO_PROCESS_GROUP) == -ESRCH)
			return;
		if (step % 8 == 0 && ss__group_lives(group) == 0)
			return;
		nap(step, left);
	}
}

void ss__handle_await_group_of_zombie(const struct ss_child *child, int64_t deadline)
{
	int left;
	for (int step = 0; (left = ss__deadline_left(deadline)) != 0; step++) {
		if (ss__group_lives(child->pid) <= 0)
			return;
		nap(step, left);
	}
}
