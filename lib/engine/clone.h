/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_CLONE_H
#define ENGINE_CLONE_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One call of clone3 or clone. */
struct clone_call {
	uint64_t flags; /* clone leaves out those that only clone3 has */
	int exit_signal;
	int *pidfd;           /* set, with CLONE_PIDFD, on kernels that have it */
	atomic_int *in_child; /* for CLONE_CHILD_CLEARTID */
	int cgroup;           /* for CLONE_INTO_CGROUP */
	void *stack;
	uint64_t stack_size;
	void (*run)(void *arg);
	void *arg;
};

/* The child's pid or -errno. */
long ss__clone_new(const struct clone_call *call); /* by clone3 */
long ss__clone_old(const struct clone_call *call); /* by clone */

/* Newer than some headers. */
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#define ENGINE_CLEAR_SIGHAND UINT64_C(0x100000000)
#define ENGINE_INTO_CGROUP UINT64_C(0x200000000)

#endif
