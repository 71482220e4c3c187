/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PARENT_SECCOMP_H
#define LEANFORK_PARENT_SECCOMP_H

#include <stdbool.h>

/*
 * Whether the seccomp filters of the calling thread let a lean fork make its system calls, or
 * refuse them with an error. This is tried once for each number of filters. Linux before 5.16 is
 * not tried. seccomp_passes is for who has read the lines Seccomp and Seccomp_filters of the
 * thread's status already.
 */
bool seccomp_pass(void);
bool seccomp_passes(const char *mode, const char *count);

#endif
