/* SPDX-License-Identifier: MIT */
/* clone3 and clone as one call. */
#include "engine/syscall.h"

#ifdef ENGINE_RAW

#include "engine/clone.h"

#include <sys/syscall.h>

/* The kernel's struct clone_args. Linux 5.5 knows it without the last member. */
struct clone3_args {
	uint64_t flags;
	uint64_t pidfd;
	uint64_t child_tid;
	uint64_t parent_tid;
	uint64_t exit_signal;
	uint64_t stack;
	uint64_t stack_size;
	uint64_t tls;
	uint64_t set_tid;
	uint64_t set_tid_size;
	uint64_t cgroup;
};

#define SIZE_WITHOUT_CGROUP (sizeof(struct clone3_args) - sizeof(uint64_t))

PLAIN __attribute__((noinline)) long ss__clone_new(const struct clone_call *call)
{
	struct clone3_args args = {
		.flags = call->flags,
		.pidfd = (uint64_t)(uintptr_t)call->pidfd,
		.child_tid = (uint64_t)(uintptr_t)call->in_child,
		.exit_signal = (uint64_t)call->exit_signal,
		.stack = (uint64_t)(uintptr_t)call->stack,
		.stack_size = call->stack_size,
		.cgroup = (uint64_t)call->cgroup,
	};
	long size = call->flags & ENGINE_INTO_CGROUP ? sizeof args : SIZE_WITHOUT_CGROUP;
	return raw_clone(SYS_clone3, (long)&args, size, 0, 0, call->run, call->arg);
}

PLAIN __attribute__((noinline)) long ss__clone_old(const struct clone_call *call)
{
	uint64_t flags = (call->flags & 0xffffff00) | (uint64_t)call->exit_signal;
	long top = (long)call->stack + (long)call->stack_size;
	return raw_clone(SYS_clone, (long)flags, top, (long)call->pidfd, (long)call->in_child,
		call->run, call->arg);
}

#endif
