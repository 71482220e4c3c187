/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_SIGNALS_H
#define LEANFORK_PARENT_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* The forking thread's signals while they are blocked for a lean fork. A mask is the program's. */

/* Whether there is one that the program would handle now, or be ended or stopped by. */
bool pending_arrived(uint64_t mask);

/*
 * In the middle of a fork, where no handler may run: lets those through that end the process or stop
 * it. Returns those that a handler waits for.
 */
uint64_t pending_let_through(uint64_t mask, uint64_t *stopped);

#endif
