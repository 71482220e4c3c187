/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_SECCOMP_H
#define LEANFORK_PARENT_SECCOMP_H

#include <stdbool.h>

/*
 * Whether the seccomp filters of the calling thread, whose status in /proc is given, let a lean
 * fork make its system calls, or refuse them with an error. This is tried once for each number of
 * filters. Linux before 5.16 is not tried.
 */
bool seccomp_pass(const char *status);

#endif
