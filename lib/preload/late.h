/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_LATE_H
#define PRELOAD_LATE_H

/*
 * Makes libc's functions ready for use: the first thing in all that a program can call, and without
 * cost from the second time on. Any thread, any context.
 */
void late_bind(void);

#endif
