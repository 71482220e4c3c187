/* SPDX-License-Identifier: MIT */
/*
 * The shim's own procedure linkage table. What a library imports, ld.so looks up in every process
 * that loads it, and most processes never start another. So those of libc's functions that are named
 * in late_names.h are called through slots, which one that does start another fills in first.
 *
 *  1. A call through an empty slot is a crash: all slots are filled at the beginning of the first
 *     call of any interposed function, and nothing else of the shim runs before that.
 *  2. Filled one by one, at each function's first call, they would be filled in signal handlers and
 *     in children where nothing may be looked up any more: they are filled all at once.
 *  3. In that first call dlsym forgets what dlerror would have told. No other function looks up.
 *  4. A function that some libc has in its static part only (atexit, pthread_atfork, once fstat) is not
 *     to be found: none is named. Nor is what runs before the shim's constructor: on aarch64 the
 *     compiler's own code for atomic operations calls __getauxval then.
 */
#include "preload/late.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Where a stub finds its function: in the slot that 1b is. */
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
 * A name, its slot and its stub, of which names and slots are in the same order. The linker's --wrap
 * sends each call of NAME to __wrap_NAME.
 */
#define LATE(name)                                                                                 \
	__asm__(".pushsection late_names, \"a\", %progbits\n"                                     \
		".asciz \"" #name "\"\n"                                                          \
		".popsection\n"                                                                    \
		".pushsection late_slots, \"aw\", %nobits\n"                                      \
		".balign 8\n"                                                                      \
		"1: .zero 8\n"                                                                     \
		".popsection\n"                                                                    \
		".pushsection .text, \"ax\", %progbits\n"                                         \
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

/* Threads that come here at the same time find the same. */
void late_bind(void)
{
	static atomic_bool done;
	const char *name = __start_late_names;

	if (atomic_load_explicit(&done, memory_order_acquire))
		return;
	for (_Atomic(void *) *slot = __start_late_slots; slot < __stop_late_slots; slot++) {
		atomic_store_explicit(slot, dlsym(RTLD_DEFAULT, name), memory_order_relaxed);
		while (*name++)
			;
	}
	atomic_store_explicit(&done, true, memory_order_release);
}
