/* SPDX-License-Identifier: MIT */
#include "seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>

static uint32_t verdict(int error)
{
	return error == REFUSED_BY_DEATH    ? SECCOMP_RET_KILL_PROCESS
	       : error == REFUSED_BY_SIGSYS ? SECCOMP_RET_TRAP
					    : SECCOMP_RET_ERRNO | (uint32_t)error;
}

/* Low halves come first on all machines the engine knows. */
static int refuse(long (*make_prctl)(long option, long a, const void *b), const struct refusal *r)
{
	const uint32_t nr = offsetof(struct seccomp_data, nr);
	const uint32_t arg = (uint32_t)(offsetof(struct seccomp_data, args) + (size_t)r->arg * 8);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->nr, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arg),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)r->bits, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(r->bits >> 32), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, verdict(r->error)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
	if (!r->bits)
		code[3] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict(r->error));
	return (int)make_prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static long libc_prctl(long option, long a, const void *b)
{
	return prctl((int)option, a, b, 0, 0) < 0 ? -errno : 0;
}

/* One filter for each: the kernel runs all, and the strictest answer counts. */
int refuse_calls_by(long (*make_prctl)(long option, long a, const void *b),
	const struct refusal *refusals, size_t n)
{
	int error = (int)make_prctl(PR_SET_NO_NEW_PRIVS, 1, NULL);
	for (size_t i = 0; i < n && error == 0; i++)
		error = refuse(make_prctl, &refusals[i]);
	return error;
}

int refuse_calls(const struct refusal *refusals, size_t n)
{
	return refuse_calls_by(libc_prctl, refusals, n);
}
