/* SPDX-License-Identifier: MIT */
/* Children that are kept in execve, by a seccomp filter that asks this process. */
#include "kept_exec.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int kept_exec_begin(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	int listener = (int)syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (listener < 0)
		_exit(KEPT_EXEC_NO_FILTER);
	return listener;
}

uint64_t kept_exec_await(int listener, pid_t *pid)
{
	struct seccomp_notif exec;
	do
		memset(&exec, 0, sizeof exec);
	while (ioctl(listener, (int)SECCOMP_IOCTL_NOTIF_RECV, &exec) < 0 && errno == EINTR);
	if (pid)
		*pid = (pid_t)exec.pid;
	return exec.id;
}

void kept_exec_let_go(int listener, uint64_t exec)
{
	struct seccomp_notif_resp answer = {
		.id = exec,
		.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
	};
	if (ioctl(listener, (int)SECCOMP_IOCTL_NOTIF_SEND, &answer))
		_exit(KEPT_EXEC_NO_FILTER);
}
