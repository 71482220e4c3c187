/* SPDX-License-Identifier: MIT */
#ifndef TEST_TRACE_H
#define TEST_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A system call of a traced process. */
struct traced_call {
	bool child; /* made by a child of the subject, before its exec */
	uint64_t nr;
	uint64_t args[6];
	uint64_t clone_flags; /* of clone and clone3 */
	uint64_t mask;        /* given to rt_sigprocmask */
	int64_t result;       /* 0 while there is none: an exec that succeeded, exit */
};

struct trace {
	struct traced_call calls[8192];
	int n_calls; /* those between trace_begin and trace_end */
	int n_forks; /* processes made, as the kernel names the event */
	int n_vforks;
	int n_clones;
	int n_sent; /* signals, as trace_send has asked for */
	int n_delivered;
	int status; /* the subject's wait status */
};

/*
 * Runs subject(arg) in a child and records the system calls of that process, and of its children up
 * to their exec or end. False: processes cannot be traced here.
 */
bool trace_run(struct trace *trace, void (*subject)(void *arg), void *arg);

/*
 * For the next run: each child gets the signal when it makes a call of that number, before the call
 * is done. A signal that is delivered is counted, and the child does not get it.
 */
void trace_send(long nr, int sig);

/* For the subject: only calls between these two count. Children are traced everywhere. */
void trace_begin(void);
void trace_end(void);

/* How many calls of that number there are. */
int trace_count(const struct trace *trace, long nr);

/* Prints them, when a test is about to fail. */
void trace_print(const struct trace *trace);

#endif
