/* SPDX-License-Identifier: MIT */
/* What is different from one architecture to another. */
#ifndef LEANFORK_MACHINE_H
#define LEANFORK_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#if defined __x86_64__ && defined __LP64__
#include "preload/leanfork/machine_x86_64.h"
#elif defined __aarch64__ && defined __LP64__
#include "preload/leanfork/machine_aarch64.h"
#else

static inline void copy_bytes(void *to, const void *from, size_t n)
{
	memmove(to, from, n);
}

static inline void relax(void)
{
}

#endif

#endif
