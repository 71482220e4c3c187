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
#include <string.h>

#define LATE(name) SLOT_##name,
enum {
#include "preload/late_names.h"
	SLOTS
};
#undef LATE

extern _Atomic(void *) late_slots[SLOTS];
__attribute__((used)) _Atomic(void *) late_slots[SLOTS];

#if defined __x86_64__
#define JUMP "jmp *late_slots + late_offset(%rip)\n"
#elif defined __aarch64__
#define JUMP                                                                                       \
	"adrp x16, late_slots + late_offset\n"                                                     \
	"ldr x16, [x16, #:lo12:late_slots + late_offset]\n"                                        \
	"br x16\n"
#elif defined __riscv
#define JUMP                                                                                       \
	"ld t1, late_slots + late_offset\n"                                                        \
	"jr t1\n"
#endif

/* The linker's --wrap sends each call of NAME to __wrap_NAME. */
#define LATE(name)                                                                                 \
	".hidden __wrap_" #name "\n"                                                               \
	".globl __wrap_" #name "\n"                                                                \
	".type __wrap_" #name ", %function\n"                                                      \
	"__wrap_" #name ":\n" JUMP ".size __wrap_" #name ", . - __wrap_" #name "\n"                \
	".set late_offset, late_offset + 8\n"
__asm__(".pushsection .text\n"
	".balign 16\n"
	".set late_offset, 0\n"
#include "preload/late_names.h"
	".popsection\n");
#undef LATE

#define LATE(name) #name "\0"
static const char names[] =
#include "preload/late_names.h"
	;
#undef LATE

/* Threads that come here at the same time find the same. */
void late_bind(void)
{
	static atomic_bool done;
	const char *name = names;

	if (atomic_load_explicit(&done, memory_order_acquire))
		return;
	for (int i = 0; i < SLOTS; i++) {
		void *found = dlsym(RTLD_DEFAULT, name);
		atomic_store_explicit(&late_slots[i], found, memory_order_relaxed);
		while (*name++)
			;
	}
	atomic_store_explicit(&done, true, memory_order_release);
}
