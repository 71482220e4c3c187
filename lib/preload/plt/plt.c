/* SPDX-License-Identifier: MIT */
/*
 * The shim's own procedure linkage table. The shim imports two symbols, dlsym and environ. It calls
 * each other function of libc's through a slot. The first interposed function that a process calls
 * fills all slots. There are two reasons:
 *
 *  - ld.so looks up each import in every process, and most processes never start another. Without
 *    the table 60 imports make `true` 2 to 4 % slower.
 *  - A command may have another libc. Its loader loads this library, too, and ends the program if
 *    an import is missing: musl has no __snprintf_chk and no __isoc23_sscanf.
 *
 * Lazy binding has only the first advantage, and loses it if somebody links with -z now. It also
 * runs the dynamic linker in signal handlers and in children. A second library, opened when needed,
 * would have both, but dlopen allocates, locks, and finds no file after a chroot.
 *
 *  1. A call through an empty slot is a crash. So each interposed function fills the slots first.
 *     What runs before makes no such call: the constructor in a process without settings, and
 *     fclose of a stream that is not ours.
 *  2. All slots are filled at once. Otherwise some would be filled in signal handlers and in
 *     children, where nothing may be looked up.
 *  3. In that first call dlsym clears what dlerror would have returned.
 *  4. A function in libc's static part (atexit, pthread_atfork, in old ones fstat) cannot be found.
 *     Its calls stay as they are, and the functions that it calls have slots. On aarch64 the
 *     compiler's code for atomic operations calls __getauxval before any constructor runs, so that
 *     one is a third import.
 *  5. Before glibc 2.34 some functions are in libpthread alone. A program without it has no threads
 *     to cancel, so a call that does nothing is right there, and sigprocmask for pthread_sigmask.
 *  6. In a process with another libc nothing is filled, and libc's own functions do the work.
 */
#include "preload/plt/plt.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* In slots.S. */
extern const char plt_names[] __attribute__((visibility("hidden")));
extern const uint32_t plt_offsets[] __attribute__((visibility("hidden")));
extern _Atomic(void *) plt_slots[] __attribute__((visibility("hidden")));
extern _Atomic(void *) plt_slots_end[] __attribute__((visibility("hidden")));

static bool is_own_libc(void)
{
	bool gnu = dlsym(RTLD_DEFAULT, "gnu_get_libc_version") != NULL;
#ifdef __GLIBC__
	return gnu;
#else
	return !gnu;
#endif
}

/* strncmp has a slot. */
static bool begins(const char *name, const char *with)
{
	while (*with && *name == *with)
		name++, with++;
	return !*with;
}

static int no_threads(void)
{
	return 0;
}

/* (5) */
static void *without_libpthread(const char *name)
{
	if (begins(name, "pthread_sigmask"))
		return dlsym(RTLD_DEFAULT, "sigprocmask");
	if (begins(name, "pthread_") || begins(name, "__pthread_"))
		return (void *)(uintptr_t)no_threads;
	return NULL;
}

static void fill_slots(void)
{
	for (ptrdiff_t i = 0; plt_slots + i < plt_slots_end; i++) {
		const char *name = plt_names + plt_offsets[i];
		void *function = dlsym(RTLD_DEFAULT, name);
		atomic_store_explicit(&plt_slots[i], function ? function : without_libpthread(name),
			memory_order_relaxed);
	}
}

/* Threads that race find the same functions. */
bool lazy_bind(void)
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
