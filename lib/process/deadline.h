/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_DEADLINE_H
#define PROCESS_DEADLINE_H

#include <stdint.h>

/* A point in time on CLOCK_MONOTONIC, in ms; -1 is never. */
int64_t ss__deadline_in(int timeout_ms);

/* What is left, for poll(2): 0 when it has passed, -1 for ever. */
int ss__deadline_left(int64_t deadline);

#endif
