/* SPDX-License-Identifier: MIT */
/*
 * lock_in HOW: gets a seccomp filter that kills for all but a few system calls, and calls exit(5).
 * worker: in a forked process, whose status becomes its own; self; raw: a worker whose filter comes
 * by a system call past libc's prctl; forks: with a filter that lets it fork, and does; execs: with
 * one for what a dynamic program needs to start, "self" being what it starts without a filter.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 64

static const int to_exit[] = {SYS_exit_group, SYS_exit, SYS_rt_sigreturn, SYS_futex};
static const int to_fork[] = {SYS_exit_group, SYS_clone, SYS_wait4, SYS_rt_sigprocmask,
	SYS_set_robust_list, SYS_futex, SYS_rt_sigreturn, SYS_getpid, SYS_gettid};
static const int to_start[] = {
	SYS_execve,
	SYS_rt_sigaction, /* libpthread, before glibc 2.34 */
	SYS_rt_sigprocmask,
	SYS_brk,
	SYS_mmap,
	SYS_munmap,
	SYS_mprotect,
	SYS_openat,
	SYS_read,
	SYS_pread64,
	SYS_close,
	SYS_fstat,
	SYS_set_tid_address,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_prlimit64,
	SYS_getrandom,
	SYS_futex,
	SYS_exit_group,
	SYS_faccessat,
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_mmap2
	SYS_mmap2,
	SYS_fstat64,
	SYS_fstatat64,
	SYS_statx,
	SYS_set_thread_area,
#endif
#ifdef SYS_access
	SYS_access,
	SYS_open,
	SYS_arch_prctl,
	SYS_readlink,
#endif
};

static void lock_in(const int *calls, size_t n, int raw)
{
	struct sock_filter code[2 * MOST + 2];
	struct sock_fprog program = {.filter = code};
	size_t len = 0;
	code[len++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n; i++) {
		code[len++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		code[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	code[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program.len = (unsigned short)len;
	if (raw) {
		syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
			_exit(77);
		return;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		_exit(77);
}
#define LOCK_IN(calls, raw) lock_in(calls, sizeof(calls) / sizeof((calls)[0]), raw)

static int wait_for(pid_t pid)
{
	int status = -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static int run_worker(int raw)
{
	pid_t pid = fork();
	if (pid == 0) {
		LOCK_IN(to_exit, raw);
		exit(5);
	}
	return wait_for(pid);
}

static int run_forking(void)
{
	LOCK_IN(to_fork, 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(5);
	return wait_for(pid);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	if (!strcmp(how, "worker"))
		return run_worker(0);
	if (!strcmp(how, "raw"))
		return run_worker(1);
	if (!strcmp(how, "forks"))
		exit(run_forking());
	if (!strcmp(how, "execs")) {
		LOCK_IN(to_start, 0);
		execl(argv[0], argv[0], "exits", (char *)NULL);
		return 98;
	}
	if (!strcmp(how, "self"))
		LOCK_IN(to_exit, 0);
	exit(5);
}
