/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_LEANFORK_H
#define LEANFORK_LEANFORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "preload/leanfork/mailbox.h"

enum lean_kind {
	LEAN_EAGER, /* when in doubt a native fork, which is possible at any time before exec */
	LEAN_RESCUE /* a native fork fails: the child goes on leanly whatever it does */
};

enum lean_outcome {
	LEAN_DONE,      /* the child was made leanly */
	LEAN_NATIVE,    /* fork was native from the start */
	LEAN_RESTARTED, /* fork was native after a lean child had been thrown away */
	LEAN_FAILED     /* no child */
};

struct lean_result {
	enum lean_outcome outcome;
	enum lean_reason reason; /* unless LEAN_DONE */
	uint32_t call;           /* at which the child gave up, or LEAN_NO_CALL */
	uint64_t bytes;          /* left out */
	uint64_t chunks;         /* brought in */
};

struct lean_options {
	enum lean_kind kind;
	uint64_t least_total; /* leave out at least that, or fork natively */
	uint64_t least_range; /* and nothing smaller than that */
	uint32_t limit_ms;    /* processor time until exec; 0: what is usual */
	uint32_t patience_ms; /* a child that waits for something else; 0: what is usual */
	bool learn;           /* what the last children asked for is not left out again */
	bool untried; /* rescue: libc's fork has not failed yet, so it is tried where this can't be */
	bool ask_only; /* the child does not try to read from its parent without asking it */
	pid_t (*libc_fork)(void);
};

/* Forks leanly. Returns as fork does, with errno. With LEAN_RESCUE a failure leaves errno ENOMEM.
 * *result is filled in in the parent only. Any thread, any context. */
pid_t lean_fork(const struct lean_options *options, struct lean_result *result);

/* An ordinary fork that never falls into the moment at which another thread's lean fork has marked
 * memory as not to be copied. */
pid_t lean_native(pid_t (*libc_fork)(void));

/* Whether this process is itself a lean child, before exec: what it forks is libc's business. */
bool lean_is_child(void);

/* Private writable memory of this process in bytes, as the kernel counts it: cheap. */
uint64_t lean_estimate(void);

/* Whether a seccomp filter lets a report be written (parent_seccomp.h). For a process that may fork. */
bool lean_may_report(void);

/* Whether strict overcommit would refuse a native fork of this process now: it is then not to be
 * tried, for the sake of others (parent_charge.h). */
bool lean_refused(void);

#endif
