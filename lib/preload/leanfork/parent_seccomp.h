/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_SECCOMP_H
#define LEANFORK_PARENT_SECCOMP_H

#include <stdbool.h>

/*
 * Whether the seccomp filters of the calling thread, as its status in /proc tells of them, let a lean
 * fork make its system calls or refuse them with an error. The answer is found by trying, once for
 * as many filters as there are; Linux before 5.16 is not tried.
 */
bool seccomp_pass(const char *status);

#endif
