/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_ARCH_X86_64_H
#define ENGINE_ARCH_X86_64_H

#include "engine/plain.h"

PLAIN static inline long raw_call(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/*
 * clone or clone3. The child calls run(arg) on its new stack; run does not return. The parent gets
 * the call's result. `tid` is clone's argument for the child's word, whose place differs between
 * architectures.
 */
PLAIN static inline long raw_clone(
	long nr, long a, long b, long c, long tid, void (*run)(void *), void *arg)
{
	long ret;
	register long r10 __asm__("r10") = tid;
	register long r8 __asm__("r8") = 0;
	register void (*r12)(void *) __asm__("r12") = run;
	register void *r13 __asm__("r13") = arg;
	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "movq %%r13, %%rdi\n\t"
			 "callq *%%r12\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r12), "r"(r13)
			 : "rcx", "r11", "memory");
	return ret;
}

#endif
