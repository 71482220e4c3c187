/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_SANDBOX_H
#define PRELOAD_SANDBOX_H

#include <stdbool.h>

/* Whether the program has locked itself in, here or in a process that it was forked from: it may be
 * killed for a system call that libc would not make. No system call. */
bool sandbox_entered(void);

#endif
