/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_SIGNALS_H
#define LEANFORK_PARENT_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* The forking thread's signals, blocked for a lean fork. `mask` is the program's. */

/* Whether a pending signal would natively be handled now, or end or stop the program. */
bool pending_arrived(uint64_t mask);

/* In the middle of a fork, where no handler may run: lets signals through that end or stop the
 * process. Returns those that a handler waits for. */
uint64_t pending_let_through(uint64_t mask, uint64_t *stopped);

#endif
