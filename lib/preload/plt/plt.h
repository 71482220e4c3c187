/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_PLT_H
#define PRELOAD_PLT_H

#include <stdbool.h>

/*
 * Makes libc's functions callable. Each interposed function calls it first; it costs nothing from
 * the second time on. Any thread, any context. False: this is not the libc that the shim was made
 * for, so only functions of next.h may be called.
 */
bool lazy_bind(void);

#endif
