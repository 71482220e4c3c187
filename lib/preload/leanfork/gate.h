/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_GATE_H
#define LEANFORK_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/leanfork/machine.h"

/*
 * The one range of addresses that the kernel lets through while it dispatches a thread's system
 * calls. The address after the syscall instruction is what counts, so it lies inside as well.
 */
extern const char gate_start[], gate_end[];

/* A system call. Returns what the kernel does: a value or -errno. Without lean fork there is no gate,
 * and libc makes the call (gate_libc.c). */
long gate_call(long nr, long a, long b, long c, long d, long e, long f);

/* For sa_restorer: rt_sigreturn from inside the gate. */
void gate_restorer(void);

/*
 * Where to go on to make the call again for what it has not done yet: its registers are set for the
 * rest; RSP is lower by RESUME_FRAME, and there lie the address to go on at then, and what has been
 * done. The result is that of the whole.
 */
extern const char gate_resume[];
#define RESUME_FRAME 144 /* two words, and the red zone */

/* Length of the string at `text`, at most `max`; -1 if it cannot be read. What a lean child has not
 * got yet is brought in by the fault; for any other fault the handler continues at probe_failed. */
long probe_string(const char *text, size_t max);

/* 0 if the byte can be written, else -1. It is not changed. */
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
