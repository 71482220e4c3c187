/* SPDX-License-Identifier: MIT */
#ifndef TEST_KERNEL_H
#define TEST_KERNEL_H

#include <stdbool.h>

/* Syscall user dispatch, Linux 5.11: without it every fork of the shim is libc's. */
bool kernel_dispatches_calls(void);

/* Executes a descriptor: Linux 3.19, but not each emulator. */
bool kernel_has_execveat(void);

/* A child of CLONE_VM shares its parent's memory: not in qemu-user and valgrind. */
bool kernel_shares_memory(void);

/* The number in the line of a file of /proc that begins with this name. -1: no such line. */
long kernel_figure(const char *path, const char *name);

/* Forks a child that ends at once. 0 or errno. */
int try_fork(void);

#endif
