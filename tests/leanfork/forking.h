/* SPDX-License-Identifier: MIT */
#ifndef TEST_FORKING_H
#define TEST_FORKING_H

#include "preload/leanfork/leanfork.h"
#include "leak.h"

/* Memory that a lean fork leaves out: its bytes are all a function of where they are. */
#define BLOCK_SIZE ((size_t)16 << 20)
extern unsigned char *block;
unsigned char block_byte(size_t i);
int block_setup(void **state);
int block_teardown(void **state);

/* Forks with everything left out that can be, whatever its size. The last result is kept. */
pid_t fork_lean(enum lean_kind kind);
extern bool ask_only; /* see struct lean_options */
extern bool learn;
extern uint32_t limit_ms, patience_ms;

/* Processor time of a child, even on an emulator that others leave little time. */
#define AMPLE_MS 200000

extern struct lean_result last;

/* Forks; the child runs the function and then execs a program that exits with what it returned.
 * Returns the wait status, or -1 if fork failed. */
int run_lean(enum lean_kind kind, int (*body)(void *arg), void *arg);

/* Of a wait status: the exit status, or 128 and the signal. */
int code_of(int status);

/* In a child: execs a program that exits with that status. */
_Noreturn void exec_exit(int status);

/* Skips a test of Syscall User Dispatch where lean forks do without. */
void needs_dispatch(void);

#define RUN_BLOCK_TESTS(tests) RUN_TESTS_WITH(tests, block_setup, block_teardown)

#endif
