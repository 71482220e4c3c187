/* SPDX-License-Identifier: MIT */
#ifndef STDIO_FORKS_H
#define STDIO_FORKS_H

#include <stdbool.h>

/*
 * Handlers for fork, which hold the locks of streams and interrupts meanwhile and put both right in
 * the child. They are registered before any lock is first taken. At first use another thread may
 * have its fork half done, so in the library it is done when that is loaded (at_load.c). In the
 * shim each process would pay for it, but it has a fork of its own, which does it too.
 */
void forks_watch(void);

/* What there is to register. */
void forks_register(void);

/* Whether this thread is inside fork, with the locks held for it: other handlers for fork may want
 * what they guard. */
bool forks_here(void);

#endif
