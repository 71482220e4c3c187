/* SPDX-License-Identifier: MIT */
/*
 * The shim's own procedure linkage table. What a library imports, ld.so looks up in every process
 * that loads it, and most processes never start another. So those of libc's functions that are named
 * in late_names.h are called through slots, which one that does start another fills in first.
 *
 *  1. A call through an empty slot is a crash: all slots are filled at the beginning of the first
 *     call of an interposed function. What runs before, the constructor in a process that has no
 *     wishes and fclose of a stream that is not ours, calls none of them.
 *  2. Filled one by one, at each function's first call, they would be filled in signal handlers and
 *     in children where nothing may be looked up any more: they are filled all at once.
 *  3. In that first call dlsym forgets what dlerror would have told.
 *  4. A function that libc has in its static part only (atexit, pthread_atfork, in old ones fstat) is
 *     not to be found: its calls are left alone, and so is what runs before the shim's constructor, as
 *     on aarch64 __getauxval, for the compiler's own code of atomic operations.
 *  5. A command may have another libc, whose loader takes this library as well, and which lacks some of
 *     the functions: nothing is done there.
 */
#include "preload/late.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>

/* To the function whose slot 1b is. */
#if defined __x86_64__
#define JUMP "jmp *1b(%rip)\n"
#elif defined __aarch64__
#define JUMP                                                                                       \
	"adrp x16, 1b\n"                                                                           \
	"ldr x16, [x16, #:lo12:1b]\n"                                                              \
	"br x16\n"
#elif defined __riscv
#define JUMP                                                                                       \
	"ld t1, 1b\n"                                                                              \
	"jr t1\n"
#endif

/*
 * A name, its slot and the jump through it; names and slots are in the same order. The linker's --wrap
 * sends each call of NAME to __wrap_NAME.
 */
#define LATE(name)                                                                                 \
	__asm__(".pushsection late_names, \"a\", %progbits\n"                                      \
		".asciz \"" #name "\"\n"                                                           \
		".popsection\n"                                                                    \
		".pushsection late_slots, \"aw\", %nobits\n"                                       \
		".balign 8\n"                                                                      \
		"1: .zero 8\n"                                                                     \
		".popsection\n"                                                                    \
		".pushsection .text, \"ax\", %progbits\n"                                          \
		".balign 8\n"                                                                      \
		".hidden __wrap_" #name "\n"                                                       \
		".globl __wrap_" #name "\n"                                                        \
		".type __wrap_" #name ", %function\n"                                              \
		"__wrap_" #name ":\n" JUMP ".size __wrap_" #name ", . - __wrap_" #name "\n"        \
		".popsection\n");
#include "preload/late_names.h"

/* The linker makes these of the sections' names. */
extern const char __start_late_names[] __attribute__((visibility("hidden")));
extern _Atomic(void *) __start_late_slots[] __attribute__((visibility("hidden")));
extern _Atomic(void *) __stop_late_slots[] __attribute__((visibility("hidden")));

static bool is_own_libc(void)
{
	bool gnu = dlsym(RTLD_DEFAULT, "gnu_get_libc_version") != NULL;
#ifdef __GLIBC__
	return gnu;
#else
	return !gnu;
#endif
}

static void fill_slots(void)
{
	const char *name = __start_late_names;
	for (_Atomic(void *) *slot = __start_late_slots; slot < __stop_late_slots; slot++) {
		atomic_store_explicit(slot, dlsym(RTLD_DEFAULT, name), memory_order_relaxed);
		while (*name++)
			;
	}
}

/* Threads that come here at the same time find the same. */
bool late_bind(void)
{
	enum { UNKNOWN, BOUND, FOREIGN };
	static atomic_int state;
	int seen = atomic_load_explicit(&state, memory_order_acquire);

	if (seen == UNKNOWN) {
		seen = is_own_libc() ? BOUND : FOREIGN;
		if (seen == BOUND)
			fill_slots();
		atomic_store_explicit(&state, seen, memory_order_release);
	}
	return seen == BOUND;
}
