/* SPDX-License-Identifier: MIT */
/*
 * A rescue of which any one system call is refused either makes the child that it should, or says
 * ENOMEM: with no child, nothing left open, blocked or marked, and memory as it was.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "forking.h"
#include "seccomp.h"

static const struct refused {
	const char *name;
	struct refusal refusal;
} calls[] = {
	{"mmap", {SYS_mmap, ENOMEM, 0, 0}},
	{"mmap of a place", {SYS_mmap, ENOMEM, 3, MAP_FIXED_NOREPLACE}},
	{"munmap", {SYS_munmap, ENOMEM, 0, 0}},
	{"mprotect", {SYS_mprotect, ENOMEM, 0, 0}},
	{"mprotect to write", {SYS_mprotect, ENOMEM, 2, PROT_WRITE}},
	{"mremap", {SYS_mremap, EPERM, 0, 0}},
	{"madvise", {SYS_madvise, ENOMEM, 0, 0}},
	{"openat", {SYS_openat, EMFILE, 0, 0}},
	{"read", {SYS_read, EIO, 0, 0}},
	{"clone", {SYS_clone, ENOMEM, 0, 0}},
	{"clone, for other reasons", {SYS_clone, EAGAIN, 0, 0}},
	{"process_vm_readv", {SYS_process_vm_readv, ENOMEM, 0, 0}},
	{"prctl", {SYS_prctl, EINVAL, 0, 0}},
	{"futex", {SYS_futex, ENOSYS, 0, 0}},
	{"waitid", {SYS_waitid, ENOSYS, 0, 0}},
	{"rt_sigaction", {SYS_rt_sigaction, ENOMEM, 0, 0}},
	{"sigaltstack", {SYS_sigaltstack, ENOMEM, 0, 0}},
	{"set_robust_list", {SYS_set_robust_list, ENOSYS, 0, 0}},
	{"tgkill", {SYS_tgkill, EPERM, 0, 0}},
	{"rt_sigpending", {SYS_rt_sigpending, EINVAL, 0, 0}},
	{"clock_gettime", {SYS_clock_gettime, EINVAL, 0, 0}},
	{"getppid", {SYS_getppid, ENOSYS, 0, 0}},
};

static int sees_all(void)
{
	for (size_t i = 0; i < BLOCK_SIZE; i++)
		if (block[i] != block_byte(i))
			return 0;
	return 1;
}

static int count_fds(void)
{
	int n = 0;
	for (int fd = 0; fd < 64; fd++)
		n += dup2(fd, fd) == fd;
	return n;
}

/* Of a child by syscall, so that nothing of libc's or ours stands between. */
static int native_child_sees_all(void)
{
	int status = -1;
#ifdef SYS_fork
	pid_t pid = (pid_t)syscall(SYS_fork);
#else
	static const uint64_t args[8] = {[4] = SIGCHLD};
	pid_t pid = (pid_t)syscall(SYS_clone3, args, sizeof args);
#endif
	if (pid == 0)
		_exit(sees_all() ? 4 : 5);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 4 << 8;
}

static bool same_signals(const sigset_t *mask, void (*handler)(int))
{
	sigset_t now;
	struct sigaction action;
	sigprocmask(SIG_SETMASK, NULL, &now);
	if (sigaction(SIGSYS, NULL, &action) == 0 && action.sa_handler != handler)
		return false;
	for (int sig = 1; sig < 32; sig++)
		if (sigismember(&now, sig) != sigismember(mask, sig))
			return false;
	return true;
}

/* Longer than the parent sleeps without looking after its child. */
static void dawdle(void)
{
	struct timespec start, now;
	if (clock_gettime(CLOCK_MONOTONIC, &start))
		return;
	do
		if (clock_gettime(CLOCK_MONOTONIC, &now))
			return;
	while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 120);
}

/* Does not exec, as the new program would suffer from the refusal too. */
static int rescue_child(pid_t *made)
{
	int status = -1;
	*made = fork_lean(LEAN_RESCUE);
	if (*made == 0) {
		dawdle();
		_exit(sees_all() ? 4 : 5);
	}
	int error = errno;
	while (*made > 0 && waitpid(*made, &status, 0) < 0 && errno == EINTR)
		;
	errno = error;
	return status;
}

/* 0, or the number of what was wrong. */
static int with_refused(const struct refusal *refusal)
{
	sigset_t mask;
	pid_t pid;
	signal(SIGSYS, SIG_DFL);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	int fds = count_fds();
	if (refuse_calls(refusal, 1) < 0)
		return 77;
	errno = 0;
	int status = rescue_child(&pid);
	if (pid > 0 ? status != 4 << 8 : errno != ENOMEM && errno != refusal->error)
		return 1;
	if (pid > 0 && last.outcome == LEAN_FAILED)
		return 2;
	if (pid < 0 && last.outcome != LEAN_FAILED && refusal->nr != SYS_clone)
		return 3;
	if (pid < 0 && last.outcome == LEAN_FAILED && last.reason == LEAN_FINE)
		return 4;
	if (waitpid(-1, NULL, __WALL | WNOHANG) != -1 || errno != ECHILD)
		return 5;
	if (count_fds() != fds)
		return 6;
	if (!same_signals(&mask, SIG_DFL))
		return 7;
	if (!native_child_sees_all())
		return 8;
	return pid > 0 ? 10 : 11;
}

static void each_call_may_be_refused(void **state)
{
	int bad = 0;
	(void)state;
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		int status = -1;
		pid_t pid = fork();
		if (pid == 0)
			_exit(with_refused(&calls[i].refusal));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		int r = WIFEXITED(status) ? WEXITSTATUS(status) : -status;
		if (r == 77)
			skip();
		print_message("%-26s %s %d\n", calls[i].name,
			r == 10   ? "the child is there"
			: r == 11 ? "no child"
				  : "WRONG",
			r);
		bad += r != 10 && r != 11;
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_call_may_be_refused),
	};
	return RUN_BLOCK_TESTS(tests);
}
