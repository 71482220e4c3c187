/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_LEANFORK_H
#define LEANFORK_LEANFORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "preload/leanfork/mailbox.h"

enum lean_kind {
	LEAN_EAGER, /* in doubt a native fork, which stays possible until exec */
	LEAN_RESCUE /* a native fork fails, so the child goes on leanly whatever it does */
};

enum lean_outcome {
	LEAN_DONE,      /* the child is lean */
	LEAN_NATIVE,    /* fork was native from the start */
	LEAN_RESTARTED, /* fork was native, after a lean child was thrown away */
	LEAN_FAILED     /* no child */
};

struct lean_result {
	enum lean_outcome outcome;
	enum lean_reason reason; /* unless LEAN_DONE */
	uint32_t call;           /* where the child gave up, or LEAN_NO_CALL */
	uint64_t bytes;          /* left out */
	uint64_t chunks;         /* brought in */
};

struct lean_options {
	enum lean_kind kind;
	uint64_t least_total; /* fork natively if less can be left out */
	uint64_t least_range; /* the smallest range to leave out */
	uint32_t limit_ms;    /* processor time until exec; 0: the default */
	uint32_t patience_ms; /* for a child that waits for something else; 0: the default */
	bool learn;           /* do not leave out what the last children asked for */
	bool untried; /* rescue: libc's fork has not failed yet; try it where lean fork cannot be */
	bool ask_only; /* the child does not read from its parent directly */
	pid_t (*libc_fork)(void);
};

/* Forks leanly. Returns as fork does, with errno. LEAN_RESCUE fails with ENOMEM. Only the parent
 * gets *result. Any thread, any context. */
pid_t lean_fork(const struct lean_options *options, struct lean_result *result);

/* An ordinary fork, at no moment at which another thread's lean fork has memory marked DONTFORK. */
pid_t lean_native(pid_t (*libc_fork)(void));

/* Whether this process is a lean child before exec. Then libc makes its forks. */
bool lean_is_child(void);

/* Bytes of private writable memory of this process, by the kernel's count. While other threads fork
 * it is an earlier count, or UINT64_MAX. */
uint64_t lean_estimate(void);

/*
 * Whether a seccomp filter lets a report be written (parent_seccomp.h), in a process that may fork.
 */
bool lean_may_report(void);

/* Whether strict overcommit would refuse a native fork of this process now. Then, for the sake of
 * other processes, do not try one (parent_charge.h). */
bool lean_refused(void);

#endif
