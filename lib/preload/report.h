/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_REPORT_H
#define PRELOAD_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What is counted, in the order in which the report shows it. */
enum report_count {
	/* calls of what is interposed */
	REPORT_SYSTEM,
	REPORT_POPEN,
	REPORT_PCLOSE,
	REPORT_FCLOSE, /* of streams from popen only */
	REPORT_FORK,   /* those of forkpty included */
	REPORT_FORKPTY,
	/* how commands and forks were done; each fork is one of native, lean, rescued, failed */
	REPORT_SPAWNED,        /* commands that system and popen started, without a fork */
	REPORT_FORK_NATIVE,    /* by libc */
	REPORT_FORK_LEAN,      /* leanly, at once */
	REPORT_FORK_RESCUED,   /* leanly, as libc's failed with ENOMEM or was bound to */
	REPORT_FORK_FAILED,    /* not at all */
	REPORT_FORK_RESTARTED, /* of the native ones: tried leanly first */
	/* sums over the forks */
	REPORT_UNCHARGED_BYTES, /* memory left out, so neither charged nor copied */
	REPORT_CHUNKS,          /* pieces of it that children did ask for */
	REPORT_FORK_NS,         /* time callers spent inside fork */
	/* why forks that were tried leanly were not, in the order of enum lean_reason */
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

/* Counts. Any thread, any context: one atomic addition. */
void report_add(enum report_count what, uint64_t n);

/* The system call for which the last lean fork was given up. */
void report_call(uint32_t nr);

/* Writes what is known by now where a report is wanted. Last thing before an interposed function
 * returns to the program; never in a child that shares memory with its parent. Keeps errno. */
void report_publish(void);

/* In the new child of a fork: it counts from zero. No system call. */
void report_child(void);

/* When the shim is loaded. */
void report_start(void);

/* The stream that the report goes to, by its descriptor; NULL: it goes to a file, or there is none.
 * Many a program closes it in its exit, before the last line is due: report_last is for that. */
extern FILE *report_stream;
void report_last(void);

#endif
