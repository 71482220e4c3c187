/* SPDX-License-Identifier: MIT */
#ifndef STDIO_INTERRUPTS_H
#define STDIO_INTERRUPTS_H

#include <signal.h>

/*
 * While any thread waits for a command of ss_system the process ignores SIGINT and SIGQUIT: the
 * terminal's keys are meant for the command. Each ignore is matched by one restore, and the last
 * one brings back what the first one found. Both want all signals blocked.
 */

/* Stores in *reset those of the two that the command must not find ignored. */
void ss__interrupts_ignore(sigset_t *reset);
void ss__interrupts_restore(void);

#endif
