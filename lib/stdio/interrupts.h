/* SPDX-License-Identifier: MIT */
#ifndef STDIO_INTERRUPTS_H
#define STDIO_INTERRUPTS_H

#include <signal.h>

/*
 * While a thread waits for a command of ss_system, the process ignores SIGINT and SIGQUIT, because
 * the terminal's keys are meant for the command. The last restore brings back what the first ignore
 * found. Both need all signals blocked.
 */

/* *reset gets the signals that the command must not ignore. */
void ss__interrupts_ignore(sigset_t *reset);
void ss__interrupts_restore(void);

#endif
