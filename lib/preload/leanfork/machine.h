/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_MACHINE_H
#define LEANFORK_MACHINE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __x86_64__

/* Where the thread's own data lie. */
static inline uintptr_t thread_pointer(void)
{
	uintptr_t at;
	__asm__("mov %%fs:0, %0" : "=r"(at));
	return at;
}

/* memcpy without libc. */
static inline void copy_bytes(void *to, const void *from, size_t n)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static inline void relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

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
