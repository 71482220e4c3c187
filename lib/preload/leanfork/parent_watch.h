/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_WATCH_H
#define LEANFORK_PARENT_WATCH_H

#include "preload/leanfork/state.h"

/*
 * How long a parent waits for its lean child: measured in processor time that the child gets, and
 * in naps of the mailbox during which it wants no processor. So a busy machine, a quota or swapping
 * does not count. The clock of a virtual machine that stood still jumps, so little counts at a time.
 */
struct watch {
	uint64_t clock_ns; /* of its processor clock */
	uint64_t cpu_ns;   /* processor time so far, as far as it counts */
	uint64_t progress; /* chunks, calls, pages from disk */
	int idle;          /* naps since it last ran or wanted to */
	int waited;        /* such naps in all */
	int stopped;       /* naps since a signal stopped it */
	struct {
		uint64_t cpu_ns, progress;
		int waited, times, fruitless;
	} last;             /* at its last refusal to become ordinary, and the number of refusals */
	uint64_t called_ns; /* cpu_ns at the call back, or at the last progress since */
	enum { HERE_UNKNOWN, HERE, ELSEWHERE } proc; /* whose process IDs /proc has */
};

enum urge {
	URGE_NONE,
	URGE_CALL_BACK, /* it has had its time */
	URGE_GO_ON, /* it is stopped, and nobody else knows it yet, so nobody would continue it */
	URGE_KILL   /* it does not answer */
};

/* To call after each nap. */
enum urge watch_child(struct watch *watch, struct lean *l);

/* The child has no memory to become ordinary. */
enum urge watch_refused(struct watch *watch);

#endif
