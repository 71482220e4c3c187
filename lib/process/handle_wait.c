/* SPDX-License-Identifier: MIT */
/*
 * Waits for a child and reaps it. Hazards, answered below by number:
 *
 *  1. Before Linux 5.4 a pidfd cannot be waited for, and before 5.3 it cannot be polled. Then the
 *     wait is by pid.
 *  2. An event loop may have made the pidfd non-blocking. Then the kernel does not wait.
 *  3. The kernel (SIGCHLD is ignored) or another part of the program may have reaped the child.
 *     Since Linux 6.15 the pidfd knows the status even then, but only a moment after waitid says
 *     ECHILD.
 *  4. A seccomp filter may refuse waitid.
 */
#include "process/handle.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "engine/syscall.h"

enum { MOST_MS_TO_RELEASE = 1000 };

static atomic_bool no_wait_by_pidfd; /* (1) */

/* struct pidfd_info of Linux 6.13. It has the exit status since 6.15. */
struct exit_info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t status;
};
#define GET_INFO ((int)_IOWR(0xFF, 11, struct exit_info)) /* an int in musl's ioctl */
#define INFO_EXIT UINT64_C(8)

/* 1: the status is known; 0: the process has not been reaped; -errno: the kernel does not tell. */
static int read_exit_info(int pidfd, int *status)
{
	struct exit_info info = {.mask = INFO_EXIT};
	if (ioctl(pidfd, GET_INFO, &info) < 0)
		return -errno;
	if (!(info.mask & INFO_EXIT))
		return 0;
	*status = info.status;
	return 1;
}

static int poll_pidfd(int pidfd, short events, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = events};
	return poll(&p, 1, timeout_ms) < 0 ? -errno : p.revents;
}

/* (3) The pidfd of a running process that is not our child is not readable. */
static int status_of_reaped(const struct ss_child *child, int *status)
{
	int r = child->pidfd < 0 ? -ECHILD : read_exit_info(child->pidfd, status);
	if (r == 0 && poll_pidfd(child->pidfd, POLLIN, 0) > 0) {
		poll_pidfd(child->pidfd, 0, MOST_MS_TO_RELEASE);
		r = read_exit_info(child->pidfd, status);
	}
	return r > 0 ? 1 : -ECHILD;
}

static int wait_status(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return (info->si_status & 0xff) << 8;
	return info->si_status | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

/* (4) wait4 has no WNOWAIT, so the pidfd tells, and the status is not known yet. */
static int wait_by_wait4(const struct ss_child *child, int flags, int *status, struct rusage *usage)
{
	if (flags & WNOWAIT) {
		int ready = child->pidfd < 0
				    ? -ENOSYS
				    : poll_pidfd(child->pidfd, POLLIN, flags & WNOHANG ? 0 : -1);
		return ready < 0 ? ready : ready != 0;
	}
	pid_t pid = wait4(child->pid, status, flags & WNOHANG, usage);
	return pid < 0 ? -errno : pid != 0;
}

/* The kernel's waitid gives the usage, libc's does not. siginfo_t is the same where long has 64
 * bits. */
static int wait_call(idtype_t type, int id, siginfo_t *info, int flags, struct rusage *usage)
{
	if (usage && sizeof(long) == 8)
		return (int)syscall(SYS_waitid, type, id, info, flags, usage);
	return waitid(type, (id_t)id, info, flags);
}

/* 1: it has ended with *status; 0: not yet, only with WNOHANG; -errno. */
static int wait_once(const struct ss_child *child, int flags, int *status, struct rusage *usage)
{
	siginfo_t info;
	bool by_pidfd = child->pidfd >= 0 && !no_wait_by_pidfd;
	info.si_pid = 0;
	int r = by_pidfd ? wait_call((idtype_t)WAIT_PIDFD, child->pidfd, &info, flags, usage)
			 : wait_call(P_PID, child->pid, &info, flags, usage);
	if (r == 0 && info.si_pid != 0)
		*status = wait_status(&info);
	if (r == 0)
		return info.si_pid != 0;
	if (errno == EINVAL && by_pidfd) {
		no_wait_by_pidfd = true;
		return wait_once(child, flags, status, usage);
	}
	if (errno == ENOSYS || errno == EPERM || errno == EACCES)
		return wait_by_wait4(child, flags, status, usage);
	return errno == ECHILD ? status_of_reaped(child, status) : -errno;
}

/* (2) */
static int wait_for_end(const struct ss_child *child, int flags, int *status, struct rusage *usage)
{
	for (;;) {
		int r = wait_once(child, flags, status, usage);
		if (r != -EAGAIN || child->pidfd < 0)
			return r;
		r = poll_pidfd(child->pidfd, POLLIN, -1);
		if (r < 0)
			return r;
	}
}

static int await_for_ever(const struct ss_child *child)
{
	int status, r = wait_for_end(child, WEXITED | WNOWAIT, &status, NULL);
	return r < 0 ? r : 0;
}

/* One step of a timed wait without a pidfd: 1 ms at first, 20 ms in the end. */
int ss__handle_nap(int step, int left_ms)
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
	return by_pidfd ? poll_pidfd(child->pidfd, POLLIN, left_ms) : ss__handle_nap(step, left_ms);
}

int ss__handle_await(const struct ss_child *child, int timeout_ms)
{
	if (child->pid <= 0)
		return -ECHILD;
	if (timeout_ms < 0)
		return await_for_ever(child);
	int64_t deadline = ss__deadline_in(timeout_ms);
	for (int step = 0;; step++) {
		int left = ss__deadline_left(deadline), status;
		int r = wait_for_end(child, WEXITED | WNOHANG | WNOWAIT, &status, NULL);
		if (r)
			return r < 0 ? r : 0;
		if (left == 0)
			return -ETIMEDOUT;
		r = wait_step(child, step, left);
		if (r < 0)
			return r;
	}
}

int ss__handle_reap_once(struct ss_child *child, int *status, struct rusage *usage)
{
	int ended;
	if (child->pid <= 0)
		return -ECHILD;
	if (usage)
		memset(usage, 0, sizeof *usage);
	int r = wait_for_end(child, WEXITED, &ended, usage);
	if (r < 0)
		return r;
	child->pid = 0;
	if (status)
		*status = ended;
	return 0;
}

int ss__handle_reap(struct ss_child *child, int *status, struct rusage *usage)
{
	struct cancel cancel;
	int r;
	/* A thread cancelled in here could have reaped the child without recording it. */
	ss__cancel_off(&cancel);
	do {
		r = ss__handle_reap_once(child, status, usage);
	} while (r == -EINTR);
	ss__cancel_as_before(&cancel);
	return r;
}

int ss__handle_reap_refused(struct ss_child *child, int *status, struct rusage *usage)
{
	int error = ss__handle_await(child, 0);
	if (error)
		return error == -ETIMEDOUT ? -EPERM : error;
	return ss__handle_reap(child, status, usage);
}
