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
 * `owner` is a robust futex of the child, so that the kernel marks it with FUTEX_OWNER_DIED when
 * the child execs or ends. FUTEX_WAITERS is set in it except while the child wants something: the
 * one word on which the parent sleeps tells it of both.
 */

enum stage {
	STAGE_BEFORE,      /* of the child's first steps */
	STAGE_RUNNING,     /* the child goes its way */
	STAGE_CALLED_BACK, /* its parent wants to go on, and sends SIGSYS until it answers */
	STAGE_REFUSED,     /* the answer: it has no memory for all that is missing */
	STAGE_EXEC,        /* it is inside execve, where no SIGSYS may come */
	STAGE_RELEASED,    /* it has everything and needs its parent no more */
	STAGE_GAVE_UP      /* it ended itself because it cannot go on leanly */
};

/* What the child asks for. */
enum request {
	REQUEST_BYTES,   /* those of a span, into the buffer */
	REQUEST_RESIDENT /* where in a span there is anything (parent_survey.h) */
};

/* How far the child has come, as its parent needs to know when it dies. */
enum progress {
	PROGRESS_LIBC,    /* it is in libc's own half of fork */
	PROGRESS_PROGRAM, /* fork has returned in it */
	PROGRESS_NOTICED  /* it has done something that others notice */
};

/* Why a lean child gave up, or was never made. */
enum lean_reason {
	LEAN_FINE,
	LEAN_CALL,    /* a system call that others may notice */
	LEAN_FAULT,   /* an access that natively is a fault, or memory seen by others */
	LEAN_TIME,    /* neither exec nor anything telling for too long */
	LEAN_MEMORY,  /* no memory for what it needs */
	LEAN_EXIT,    /* it ended without exec */
	LEAN_AGAIN,   /* it got no further than libc's own half of fork */
	LEAN_PARENT,  /* its parent is gone */
	LEAN_STACK,   /* the program forks on its alternate signal stack */
	LEAN_SMALL,   /* there is too little to leave out */
	LEAN_KERNEL,  /* no dispatch, no reading of our own memory, a filter that kills */
	LEAN_SIGSYS,  /* the program has a use of its own for SIGSYS */
	LEAN_FOREIGN, /* run by valgrind, traced, first in its namespace */
	LEAN_BUSY,    /* another thread's fork, or what it holds, takes too long */
	LEAN_REASONS
};

#define LEAN_NO_CALL UINT32_MAX

/* What struct robust_list of the kernel is, with the child's addresses. */
struct robust_link {
	uintptr_t next;
};

struct robust_head {
	struct robust_link list;
	long futex_offset;
	uintptr_t pending;
};

/* The longest sleep of either side: a wake-up that a dying process never sent costs this. */
#define MAILBOX_NAP_MS 50

#define PLACES_MAX 256

/* How far from a lock libc may have its link. */
#define ROBUST_REACH 256

struct mailbox {
	unsigned char before[ROBUST_REACH]; /* room for the link */
	_Atomic uint32_t owner;
	unsigned char after[ROBUST_REACH - sizeof(uint32_t)];
	_Atomic uint32_t answered;    /* requests so far */
	_Atomic uint32_t stage;       /* enum stage */
	_Atomic uint32_t progress;    /* enum progress */
	_Atomic uint32_t brought;     /* chunks that the child has got */
	_Atomic uint32_t calls;       /* that the child has made */
	uint32_t reason;              /* enum lean_reason, with STAGE_GAVE_UP */
	uint64_t signals;             /* with STAGE_GAVE_UP, those that others had sent it */
	uint32_t call;                /* at which the child gave up, or LEAN_NO_CALL */
	uint32_t pages;               /* answer: bit i: page i of the buffer holds something */
	uintptr_t places[PLACES_MAX]; /* where the first of them are */
	uint32_t request;             /* enum request */
	uintptr_t start, end;         /* of it: at most CHUNK bytes, if these are asked for */
	struct robust_head robust;
	_Alignas(4096) unsigned char buffer[CHUNK];
};

/* What each side does with it. The parent's side never fails. */
struct mailbox *mailbox_create(void);
void mailbox_destroy(struct mailbox *mail);

/* Child: takes possession, as the calling thread. Returns 0 or -errno. */
long mailbox_own(struct mailbox *mail, uint32_t tid);

/* Child: what is on the program's own list is marked as well when it ends. That is left alone, so the
 * kernel comes from the end of it to its start again, until it has seen enough. */
void mailbox_chain(struct mailbox *mail, const struct robust_head *program);

/* Child: it has come as far as that. */
void mailbox_progress(struct mailbox *mail, enum progress progress);

/* Child: makes the parent look. */
void mailbox_call(struct mailbox *mail);

/* Child: asks for the bytes of a span and waits. False: the parent is gone. */
bool mailbox_ask(struct mailbox *mail, struct span at, int parent);

/* Child: waits until the parent has seen its stage. */
void mailbox_confirm(struct mailbox *mail, int parent);

/* Parent: the request has been dealt with. */
void mailbox_answer(struct mailbox *mail);

/* Either side: goes on from one stage to another. False: the other side was faster. */
bool mailbox_go_on(struct mailbox *mail, enum stage from, enum stage to);

/* Parent: sleeps until there is news, at most for a while. */
enum news {
	NEWS_NONE,
	NEWS_WANTED, /* the child wants something */
	NEWS_ENDED   /* it has left its memory, by exec or for good */
};
enum news mailbox_wait(struct mailbox *mail);

#endif
