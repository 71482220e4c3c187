/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_PLT_H
#define PRELOAD_PLT_H

#include <stdbool.h>

/*
 * Makes libc's functions ready for use: the first thing in all that a program can call, and without
 * cost from the second time on. Any thread, any context. False: this is not the libc that the shim
 * was made for. None of its functions may be called, only those of next.h.
 */
bool lazy_bind(void);

#endif
