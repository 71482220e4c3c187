/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_SANDBOX_H
#define PRELOAD_SANDBOX_H

#include <stdbool.h>

/*
 * Whether the program, or the process that forked it, may have a seccomp filter of its own, so that
 * a system call that libc would not make may kill it. Makes no system call.
 */
bool sandbox_entered(void);

#endif
