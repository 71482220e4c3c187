/* SPDX-License-Identifier: MIT */
#ifndef STDIO_INTERRUPTS_H
#define STDIO_INTERRUPTS_H

#include <signal.h>

/*
 * While any thread waits for a command of ss_system the process ignores SIGINT and SIGQUIT, because
 * the terminal's keys are meant for the command. Each ignore is matched by one restore; the last
 * restore brings back what the first ignore found. Call both with all signals blocked.
 */

/* *reset gets the signals that the command must not find ignored. */
void ss__interrupts_ignore(sigset_t *reset);
void ss__interrupts_restore(void);

#endif
