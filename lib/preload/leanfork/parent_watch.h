/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_WATCH_H
#define LEANFORK_PARENT_WATCH_H

#include "preload/leanfork/state.h"

/*
 * How long a parent bears with its lean child: measured by what the child gets, in processor time and
 * in naps of the mailbox during which it wants no processor. A busy machine, a quota or swapping makes
 * nobody impatient.
 */
struct watch {
	uint64_t cpu_ns;   /* that it has had */
	uint64_t progress; /* chunks, calls, pages from disk */
	int idle;          /* naps since it last did anything or wanted to */
	int waited;        /* naps of that kind in all */
	int stopped;       /* naps since it has been stopped by a signal */
	struct {
		uint64_t cpu_ns, progress;
		int waited, times, fruitless;
	} last;             /* when it refused to become ordinary; and how often it did */
	uint64_t called_ns; /* cpu_ns when it was called back or has done something since */
	enum { HERE_UNKNOWN, HERE, ELSEWHERE } proc; /* whose numbers /proc has */
};

enum urge {
	URGE_NONE,
	URGE_CALL_BACK, /* it has had enough */
	URGE_GO_ON,     /* it is stopped: nobody else knows it yet, so nobody would make it go on */
	URGE_KILL       /* it does not answer */
};

/* After each nap. */
enum urge watch_child(struct watch *watch, struct lean *l);

/* It has no memory to become ordinary with. */
enum urge watch_refused(struct watch *watch);

#endif
