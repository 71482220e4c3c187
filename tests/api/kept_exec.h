/* SPDX-License-Identifier: MIT */
#ifndef API_KEPT_EXEC_H
#define API_KEPT_EXEC_H

#include <stdint.h>
#include <sys/types.h>

/* The exit status where the kernel has no such filters, before Linux 5.5. */
enum { KEPT_EXEC_NO_FILTER = 77 };

/*
 * From here on the execs of children of the calling thread wait until somebody lets them go on: for
 * a process of the test's own. The listener's descriptor. A child that waits has it too, so that
 * only a signal ends one that nobody lets go.
 */
int kept_exec_begin(void);

/* Waits for the next exec. Its number, and whose it is in *pid, which may be NULL. */
uint64_t kept_exec_await(int listener, pid_t *pid);
void kept_exec_let_go(int listener, uint64_t exec);

#endif
