/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CALLS_H
#define LEANFORK_CALLS_H

#include "preload/leanfork/state.h"

/* What a system call of a lean child means for the way it goes on. */
enum verdict {
	ORDINARY, /* not for a lean child: unknown, or it makes another process or thread */
	TELLING,  /* done, when there is no native fork to fall back on */
	WAITS_IN, /* the same, once the descriptor in the first argument has something to read */
	WAITS_OUT,
	LOOKUP, /* private; it finds files, or changes how they are found: not past a deferred open */
	PRIVATE, /* nobody else can notice it, even when it is done twice: done */
	ANSWERED /* dealt with: the result is there */
};

enum arg_kind {
	ARG_NONE,
	ARG_FIXED,   /* `size` bytes */
	ARG_COUNTED, /* as many of `size` bytes as argument `by` says */
	ARG_SIZED,   /* as many bytes as the int at argument `by` says */
	ARG_STRING,
	ARG_VECTOR, /* as many struct iovec as argument `by` says */
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
};

/* The call that a dispatched thread wants to make. */
static inline struct call call_of(ucontext_t *uc)
{
	return (struct call){
		.nr = *reg(uc, REG_RAX),
		.args = {*reg(uc, REG_RDI), *reg(uc, REG_RSI), *reg(uc, REG_RDX), *reg(uc, REG_R10),
			*reg(uc, REG_R8), *reg(uc, REG_R9)},
	};
}

struct call_rule {
	uint8_t verdict; /* enum verdict */
	uint8_t judge;   /* who decides where it depends on the arguments */
	struct arg args[4];
};

/* NULL: a call that nothing is known of. */
const struct call_rule *call_rule(long nr);

/* What the rule says of this very call. May also do the call. */
enum verdict call_verdict(const struct call_rule *rule, struct lean *l, struct call *call);

/* More bytes than that at one argument are not worth bringing in. */
#define ARGUMENT_MAX ((size_t)4 << 20)

/* Brings in all that the call's pointers lead to. A bad pointer is left to the kernel. False if the
 * call is not for a lean child: there is too much of it, or others see what is written there. */
bool args_bring(struct lean *l, const struct call *call, const struct arg *args);

/* The same for one argument or string. False if it can't be read, or written. */
bool args_reach(struct lean *l, uintptr_t at, size_t len);
bool args_reach_output(struct lean *l, uintptr_t at, size_t len);

/* Returns the length of a string, or -1. */
long args_reach_string(uintptr_t at);

/* Does the call itself, by the gate. */
long call_do(const struct call *call);

#endif
