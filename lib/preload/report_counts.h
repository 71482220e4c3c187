/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_REPORT_COUNTS_H
#define PRELOAD_REPORT_COUNTS_H

/* The counters, in the order in which the report shows them. */
enum report_count {
	/* calls of interposed functions */
	REPORT_SYSTEM,
	REPORT_POPEN,
	REPORT_PCLOSE,
	REPORT_FCLOSE, /* of streams from popen only */
	REPORT_FORK,   /* those of forkpty included */
	REPORT_FORKPTY,
	/*
	 * how commands and forks were made; a fork counts as one of native, lean, rescued, failed
	 */
	REPORT_SPAWNED,        /* commands that system and popen started, without a fork */
	REPORT_FORK_NATIVE,    /* by libc */
	REPORT_FORK_LEAN,      /* leanly, at once */
	REPORT_FORK_RESCUED,   /* leanly, because libc's fork failed with ENOMEM or would have */
	REPORT_FORK_FAILED,    /* not at all */
	REPORT_FORK_RESTARTED, /* natively, after a lean try */
	/* sums over the forks */
	REPORT_UNCHARGED_BYTES, /* memory not charged and not copied */
	REPORT_CHUNKS,          /* pieces of it that children got */
	REPORT_FORK_NS,         /* time spent inside fork */
	/* why lean forks were given up, in the order of enum lean_reason */
	REPORT_WHY_CALL,
	REPORT_WHY_FAULT,
	REPORT_WHY_TIME,
	REPORT_WHY_MEMORY,
	REPORT_WHY_EXIT,
	REPORT_WHY_AGAIN,
	REPORT_WHY_PARENT,
	REPORT_WHY_STACK,
	REPORT_WHY_SMALL,
	REPORT_WHY_KERNEL,
	REPORT_WHY_SIGSYS,
	REPORT_WHY_FOREIGN,
	REPORT_WHY_BUSY,
	REPORT_COUNTS
};

#endif
