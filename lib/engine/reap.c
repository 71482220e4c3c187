/* SPDX-License-Identifier: MIT */
/*
 * Ends and reaps children that their caller does not know. A kernel before 5.4 cannot wait for a
 * pidfd, and a seccomp profile may refuse waitid. Then the wait is by pid. A handler may interrupt
 * each wait.
 */
#include "engine/reap.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "engine/syscall.h"

#ifdef ENGINE_RAW

static long wait_by_pidfd(int pidfd, siginfo_t *info, int flags)
{
	long result;
	do {
		result = raw5(SYS_waitid, WAIT_PIDFD, pidfd, info, WEXITED | __WALL | flags, 0);
	} while (result == -EINTR);
	return result;
}

static long wait_by_pid(pid_t pid, int flags)
{
	long result;
	do {
		result = raw4(SYS_wait4, pid, 0, __WALL | flags, 0);
	} while (result == -EINTR);
	return result;
}

void ss__reap(pid_t pid, int pidfd)
{
	long result = -EINVAL;
	if (pidfd >= 0) {
		result = wait_by_pidfd(pidfd, 0, 0);
		raw1(SYS_close, pidfd);
	}
	if (result < 0 && result != -ECHILD)
		wait_by_pid(pid, 0);
}

bool ss__reap_if_ended(pid_t pid, int pidfd)
{
	siginfo_t info;
	long result = -EINVAL;
	info.si_pid = 0;
	if (pidfd >= 0)
		result = wait_by_pidfd(pidfd, &info, WNOHANG);
	if (result == 0)
		return info.si_pid != 0;
	return result == -ECHILD || wait_by_pid(pid, WNOHANG) != 0;
}

long ss__kill_child(pid_t pid, int pidfd)
{
	long result = -ENOSYS;
	if (pidfd >= 0)
		result = raw4(SYS_pidfd_send_signal, pidfd, SIGKILL, 0, 0);
	/* A seccomp profile may answer so. A true EPERM comes again. */
	if (result == -ENOSYS || result == -EPERM)
		result = raw2(SYS_kill, pid, SIGKILL);
	return result;
}

#else

bool ss__reap_if_ended(pid_t pid, int pidfd)
{
	siginfo_t info = {.si_pid = 0};
	if (pidfd >= 0 && waitid((idtype_t)WAIT_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) == 0)
		return info.si_pid != 0;
	return (pidfd >= 0 && errno == ECHILD) || waitpid(pid, NULL, WNOHANG) != 0;
}

#endif
