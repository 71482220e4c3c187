/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds on CLOCK_MONOTONIC. */
static inline uint64_t ss__now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A point in time on CLOCK_MONOTONIC, in ms; -1 is never. */
int64_t ss__deadline_in(int timeout_ms);

/* The time left, as poll(2) takes it: 0 when the deadline has passed, -1 for ever. */
int ss__deadline_left(int64_t deadline);

#endif
