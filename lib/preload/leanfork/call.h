/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CALL_H
#define LEANFORK_CALL_H

#include "preload/leanfork/state.h"

/* What a lean child does about a system call. */
enum verdict {
	NEEDS_FULL_CHILD, /* not for a lean child: unknown, or it makes a process or thread */
	VISIBLE,          /* others see it: done only without a native fork to fall back on */
	READS,            /* VISIBLE, done once the descriptor in the first argument is readable */
	WRITES,
	LOOKUP, /* private, but it finds files or changes how they are found: not after a deferred open */
	INVISIBLE, /* nobody else can notice it, even if it is done twice: done */
	DONE       /* done: the result is there */
};

enum arg_kind {
	ARG_NONE,
	ARG_FIXED,   /* `size` bytes */
	ARG_COUNTED, /* argument `by` says how many of `size` bytes */
	ARG_SIZED,   /* the int at argument `by` says how many bytes */
	ARG_STRING,
	ARG_VECTOR, /* argument `by` says how many struct iovec */
	ARG_MESSAGE /* a struct msghdr */
};

/* What one pointer argument points to. */
struct arg {
	uint8_t kind, index, by;
	uint16_t size;
};

struct call {
	long nr;
	long args[6];
	long result;
	uintptr_t stack; /* pointer of the caller */
};

/* The call of a dispatched thread. */
static inline struct call call_of(ucontext_t *uc)
{
	struct call call = {.stack = context_stack(uc)};
	call.nr = context_call(uc, call.args);
	return call;
}

struct call_rule {
	uint8_t verdict; /* enum verdict */
	uint8_t judge;   /* the judge, where the verdict depends on arguments */
	struct arg args[4];
};

/* NULL: nothing is known of the call. */
const struct call_rule *call_rule(long nr);

/* The verdict for this call. A judge may do the call. */
enum verdict call_verdict(const struct call_rule *rule, struct lean *l, struct call *call);

/* The most bytes of one argument that are worth bringing in. */
#define ARGUMENT_MAX ((size_t)4 << 20)

/*
 * Brings in all that the call's pointers lead to. The kernel gets bad pointers as they are. False:
 * the call is not for a lean child, because it needs too much, or because others see what is
 * written there.
 */
bool args_bring(struct lean *l, const struct call *call, const struct arg *args);

/* The same for one argument or string. False: it cannot be read, or written. */
bool args_reach(struct lean *l, uintptr_t at, size_t len);
bool args_reach_output(struct lean *l, uintptr_t at, size_t len);

/* Returns the length of a string, or -1. */
long args_reach_string(uintptr_t at);

/* Makes the call by the gate. */
long call_do(const struct call *call);

/* Verdicts that depend on the arguments. A judge may do its call itself. */

/* Records whose a descriptor is (call_files.c). */
void own_set(struct lean *l, long fd, enum own own);

/* call_opens.c */

/* The name of a descriptor's file, as in /proc. Returns its length, or -errno. */
long opens_name(long fd, char *name, size_t size);

enum verdict judge_open(struct lean *l, struct call *call);
enum verdict judge_openat(struct lean *l, struct call *call);
enum verdict judge_creat(struct lean *l, struct call *call);

/* call_files.c */
enum verdict judge_close(struct lean *l, struct call *call);
enum verdict judge_close_range(struct lean *l, struct call *call);
enum verdict judge_dup(struct lean *l, struct call *call);
enum verdict judge_fcntl(struct lean *l, struct call *call);
enum verdict judge_ioctl(struct lean *l, struct call *call);
enum verdict judge_fstat(struct lean *l, struct call *call);
enum verdict judge_fstatat(struct lean *l, struct call *call);
enum verdict judge_pipe(struct lean *l, struct call *call);
enum verdict judge_read(struct lean *l, struct call *call);
enum verdict judge_receive(struct lean *l, struct call *call);
enum verdict judge_write(struct lean *l, struct call *call);
enum verdict judge_seek(struct lean *l, struct call *call);

/* call_process.c */
enum verdict judge_exit(struct lean *l, struct call *call);
enum verdict judge_self(struct lean *l, struct call *call); /* the first argument is a pid */
enum verdict judge_priority(struct lean *l, struct call *call);
enum verdict judge_prctl(struct lean *l, struct call *call);
enum verdict judge_futex(struct lean *l, struct call *call);
enum verdict judge_robust_list(struct lean *l, struct call *call);

/* call_mappings.c */
enum verdict judge_brk(struct lean *l, struct call *call);
enum verdict judge_mmap(struct lean *l, struct call *call);
enum verdict judge_munmap(struct lean *l, struct call *call);
enum verdict judge_madvise(struct lean *l, struct call *call);
enum verdict judge_mprotect(struct lean *l, struct call *call);
enum verdict judge_mremap(struct lean *l, struct call *call);

#endif
