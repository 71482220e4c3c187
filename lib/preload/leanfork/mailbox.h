/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_MAILBOX_H
#define LEANFORK_MAILBOX_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>

#include "preload/leanfork/ranges.h"

/*
 * The memory that a lean child and its parent share, at the same address in both.
 *
 * `owner` is a robust futex of the child, which the kernel marks FUTEX_OWNER_DIED when the child
 * execs or ends. It has FUTEX_WAITERS, except while the child asks for something. So one word, on
 * which the parent sleeps, tells of both.
 */

enum stage {
	STAGE_BEFORE,      /* of the child's first steps */
	STAGE_RUNNING,     /* the child runs */
	STAGE_CALLED_BACK, /* the parent wants to go on, and sends SIGSYS until the child answers */
	STAGE_REFUSED,     /* the answer: no memory for all that is missing */
	STAGE_EXEC,        /* in execve, where no SIGSYS may come */
	STAGE_RELEASED,    /* the child has everything and no longer needs its parent */
	STAGE_GAVE_UP      /* the child ended, because it cannot go on leanly */
};

/* What the child asks for. */
enum request {
	REQUEST_BYTES,   /* the bytes of a span, into the buffer */
	REQUEST_RESIDENT /* where a span is resident (parent_survey.h) */
};

/* How far the child has come, for the parent when it dies. */
enum progress {
	PROGRESS_LIBC,    /* in libc's half of fork */
	PROGRESS_PROGRAM, /* fork has returned */
	PROGRESS_NOTICED  /* others have noticed the child */
};

/* Why a lean child gave up, or was never made. */
enum lean_reason {
	LEAN_FINE,
	LEAN_CALL,    /* a system call that others may notice */
	LEAN_FAULT,   /* a native fault, or an access to memory that others see */
	LEAN_TIME,    /* no exec and no progress for too long */
	LEAN_MEMORY,  /* no memory for what it needs */
	LEAN_EXIT,    /* it ended without exec */
	LEAN_AGAIN,   /* it ended in libc's half of fork */
	LEAN_PARENT,  /* its parent is gone */
	LEAN_STACK,   /* the program forks on a small alternate signal stack */
	LEAN_SMALL,   /* too little to leave out */
	LEAN_KERNEL,  /* no dispatch, no reading of our own memory, or a filter that kills */
	LEAN_SIGSYS,  /* the program uses SIGSYS */
	LEAN_FOREIGN, /* in valgrind, traced, or first in its namespace */
	LEAN_BUSY,    /* another thread's fork, or a lock of it, takes too long */
	LEAN_REASONS
};

#define LEAN_NO_CALL UINT32_MAX

/* struct robust_list of the kernel, with the child's addresses. */
struct robust_link {
	uintptr_t next;
};

struct robust_head {
	struct robust_link list;
	long futex_offset;
	uintptr_t pending;
};

/* The longest sleep of either side. A dying process may not send its wake-up; then this is the
 * cost. */
#define MAILBOX_NAP_MS 50

#define PLACES_MAX 256

/* The largest offset between a lock and its link in a libc. */
#define ROBUST_REACH 256

struct mailbox {
	unsigned char before[ROBUST_REACH]; /* room for the link */
	_Atomic uint32_t owner;
	unsigned char after[ROBUST_REACH - sizeof(uint32_t)];
	_Atomic uint32_t answered;    /* requests so far */
	_Atomic uint32_t stage;       /* enum stage */
	_Atomic uint32_t progress;    /* enum progress */
	_Atomic uint32_t brought;     /* chunks brought in */
	_Atomic uint32_t calls;       /* system calls made */
	uint32_t reason;              /* enum lean_reason, with STAGE_GAVE_UP */
	uint64_t signals;             /* with STAGE_GAVE_UP: sent to it by others */
	uint32_t call;                /* at which the child gave up, or LEAN_NO_CALL */
	uint32_t pages;               /* answer: bit i: page i of the buffer holds something */
	uintptr_t places[PLACES_MAX]; /* where the first of them are */
	uint32_t request;             /* enum request */
	uintptr_t start, end;         /* its span; at most CHUNK bytes for REQUEST_BYTES */
	struct robust_head robust;
	_Alignas(4096) unsigned char buffer[CHUNK];
};

/* For both sides. The parent's functions never fail. */
struct mailbox *mailbox_create(void);
void mailbox_destroy(struct mailbox *mail);

/* Child: the calling thread owns the futex from now on. 0 or -errno. */
long mailbox_own(struct mailbox *mail, uint32_t tid);

/*
 * Child: makes the kernel mark the locks of the program's own list, too, when the child ends. Our
 * entry links to the head of that list, which is not modified: the kernel walks the list in a loop,
 * up to ROBUST_LIST_LIMIT.
 */
void mailbox_chain(struct mailbox *mail, const struct robust_head *program);

/* Child: records its progress. */
void mailbox_progress(struct mailbox *mail, enum progress progress);

/* Child: wakes the parent. */
void mailbox_call(struct mailbox *mail);

/* Child: makes a request for a span and waits. False: the parent is gone. */
bool mailbox_ask(struct mailbox *mail, struct span at, int parent);

/* Child: waits until the parent has seen the stage. */
void mailbox_confirm(struct mailbox *mail, int parent);

/* Parent: the request is answered. */
void mailbox_answer(struct mailbox *mail);

/* Either side: changes the stage. False: the other side was faster. */
bool mailbox_go_on(struct mailbox *mail, enum stage from, enum stage to);

/* Parent: sleeps until there is news, for a nap at most. */
enum news {
	NEWS_NONE,
	NEWS_WANTED, /* the child wants something */
	NEWS_ENDED   /* it has left its memory by exec or exit */
};
enum news mailbox_wait(struct mailbox *mail);

#endif
