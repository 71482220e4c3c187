/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_GATE_H
#define LEANFORK_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/leanfork/machine.h"

/* The range of addresses from which the kernel allows system calls while it dispatches a thread.
 * The address after the syscall instruction counts, so it lies inside as well. */
extern const char gate_start[], gate_end[];

/* A system call. Returns a value or -errno. Where there is no lean fork, libc makes the call
 * (gate_libc.c). */
long gate_call(long nr, long a, long b, long c, long d, long e, long f);

/* A system call of two arguments, made while the stack pointer is at `stack`. No signal may come. */
long gate_call_on(long nr, long a, long b, uintptr_t stack);

/* For sa_restorer: rt_sigreturn inside the gate. */
void gate_restorer(void);

/*
 * Makes the rest of a call that was cut short. Its registers are set for the rest. The stack pointer
 * is lower by RESUME_FRAME, where two words lie: the address to go on at, and what has been done so
 * far. The result is that of the whole call.
 */
extern const char gate_resume[];

/* The length of a string, at most `max`; -1: it cannot be read. A fault brings in what a lean child
 * has not got. After any other fault the handler continues at probe_failed. */
long probe_string(const char *text, size_t max);

/* 0 if the byte can be written, else -1. Does not change it. */
long probe_write(const char *at);

extern const char probe_start[], probe_end[], probe_failed[];

#define gate0(nr) gate_call(nr, 0, 0, 0, 0, 0, 0)
#define gate1(nr, a) gate_call(nr, (long)(a), 0, 0, 0, 0, 0)
#define gate2(nr, a, b) gate_call(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define gate3(nr, a, b, c) gate_call(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define gate4(nr, a, b, c, d) gate_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define gate5(nr, a, b, c, d, e)                                                                   \
	gate_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define gate6(nr, a, b, c, d, e, f)                                                                \
	gate_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
