/* SPDX-License-Identifier: MIT */
#ifndef TEST_LIB_H
#define TEST_LIB_H

#include <stdio.h>

/* One implementation of the three functions. */
struct lib {
	const char *name;
	int (*system)(const char *command);
	FILE *(*popen)(const char *command, const char *mode);
	int (*pclose)(FILE *stream);
};

extern const struct lib libc_lib, our_lib, wrong_lib;

/* What wrong_lib, a textbook implementation with fork, gets wrong. */
enum fault {
	FAULT_NONE,
	FAULT_EXIT_STATUS_ALONE,
	FAULT_NULL_IS_ALWAYS_1,
	FAULT_INT_NOT_IGNORED,
	FAULT_INT_STAYS_IGNORED,
	FAULT_INT_SET_TO_DEFAULT,
	FAULT_CHILD_IGNORES_INT,
	FAULT_CHILD_RESETS_INT,
	FAULT_CHLD_NOT_BLOCKED,
	FAULT_CHILD_BLOCKS_CHLD,
	FAULT_CHLD_STAYS_BLOCKED,
	FAULT_EINTR_GIVES_UP,
	FAULT_CANCELLED_CHILD_LIVES,
	FAULT_CANCELLED_CHILD_ZOMBIE,
	FAULT_EARLIER_STREAMS_OPEN,
	FAULT_THEIR_END_OPEN,
	FAULT_NEVER_CLOEXEC,
	FAULT_ALWAYS_CLOEXEC,
	FAULT_ACCEPTS_RW,
	FAULT_REFUSES_E,
	FAULT_STDERR_TOO,
	FAULT_EMPTY_ENVIRONMENT,
	FAULT_NEW_GROUP,
	FAULT_SHELL_FROM_PATH,
	FAULT_DUP_ONTO_ITSELF,
	FAULT_PCLOSE_DOES_NOT_WAIT,
	FAULTS
};
extern enum fault fault;

#endif
