/* SPDX-License-Identifier: MIT */
/*
 * libc's one clone branches to us: a branch to a page near libc is in place of the system call, for
 * good. Hazards:
 *
 * 1. Other threads run the code meanwhile. The architecture allows for a branch to take the place of
 *    a system call at any moment.
 * 2. libc assumes that a system call keeps all registers but that of its result.
 * 3. The program's signals are let through until the clone. A handler that forks meanwhile does so
 *    natively; its child is in the middle of the same fork.
 * 4. The dynamic linker's lock is held by threads whose constructors fork. So nothing is looked up
 *    while the lock of lean forks is held.
 * 5. A lean child's own clone comes here as well. What is native here is a system call outside the
 *    gate, so it traps there.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/maps.h"
#include "preload/leanfork/parent_clone.h"
#include "preload/leanfork/parent_lock.h"
#include "preload/leanfork/patch.h"
#include "preload/leanfork/patch_hook.h"
#include "preload/leanfork/proc.h"

static _Thread_local struct lean *awaited;

void patch_await(struct lean *l)
{
	awaited = l;
}

/* Whether the fork is another one: in a handler of a signal, or in a process that it has made. */
static bool is_another(struct lean *l)
{
	if (l->parent != (int)gate0(SYS_getpid)) {
		l->phase = PHASE_CANCELLED;
		lean_active = NULL;
		awaited = NULL;
		return true;
	}
	return lock_is_nested();
}

/* Returns whether the call has been made; its result is in the registers. */
bool hook_call(struct hook_registers *regs)
{
	struct lean *l = awaited;
	ucontext_t uc = {0};
	uint64_t mask = 0;
	if (!l || is_another(l))
		return false;
	hook_context(&uc, regs);
	struct call call = call_of(&uc);
	if (!clone_is_fork(&call))
		return false;
	awaited = NULL;
	set_mask(UINT64_MAX, &mask);
	if (!lock_keep()) {
		l->result.reason = LEAN_BUSY;
		l->phase = PHASE_CANCELLED;
		set_mask(mask, NULL);
		return false;
	}
	l->mask = mask;
	set_context_mask(&uc, mask);
	clone_leanly(l, &uc, &call);
	bool made = l->phase != PHASE_CANCELLED;
	hook_result(regs, &uc);
	copy_bytes(&mask, &uc.uc_sigmask, sizeof mask);
	set_mask(mask, NULL);
	return made;
}

/* The place of libc's clone, as `_Fork` has it; 0 if it has another shape. */
static uintptr_t find(void)
{
	int (*look)(const void *, Dl_info *, void **, int);
	void *found = NULL;
	Dl_info info;
	const uint32_t *code = dlsym(RTLD_DEFAULT, "_Fork");
	*(void **)&look = dlsym(RTLD_DEFAULT, "dladdr1");
	if (!code || !look || !look(code, &info, &found, RTLD_DL_SYMENT) || !found)
		return 0;
	const ElfW(Sym) *symbol = found;
	return hook_find(code, symbol->st_size / sizeof *code);
}

/* Looked for once; threads that race find the same. */
static _Atomic uintptr_t place;
enum { UNKNOWN, NOWHERE };

bool patch_hook_find(void)
{
	uintptr_t at = atomic_load(&place);
	if (at == UNKNOWN) {
		at = find();
		atomic_store(&place, at ? at : NOWHERE);
	}
	return at > NOWHERE;
}

/* In an emulator addresses may be others than this file's: then the call is not there. */
static bool replace_call(uintptr_t at, uint32_t branch)
{
	uint32_t word = 0;
	long fd = gate4(SYS_openat, AT_FDCWD, PROC_SELF "mem", O_RDWR | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool good = gate4(SYS_pread64, fd, &word, sizeof word, at) == sizeof word &&
		    machine_is_call(word) &&
		    gate4(SYS_pwrite64, fd, &branch, sizeof branch, at) == sizeof branch;
	gate1(SYS_close, fd);
	return good;
}

/* A search for the free page that is next to a place. */
struct search {
	uintptr_t at, free; /* free 0: none yet */
	uintptr_t last_end;
};

static uintptr_t distance(uintptr_t a, uintptr_t b)
{
	return a < b ? b - a : a - b;
}

static void take_gap(void *context, const struct mapping *mapping)
{
	struct search *search = context;
	uintptr_t start = search->last_end, end = mapping->at.start;
	uintptr_t free = end <= search->at ? end - PAGE : start;
	search->last_end = mapping->at.end;
	if (start && end > start && distance(free, search->at) < HOOK_REACH &&
		(!search->free || distance(free, search->at) < distance(search->free, search->at)))
		search->free = free;
}

/* A page that the branch reaches. 0: there is none. */
static uintptr_t map_near(struct lean *l, uintptr_t at)
{
	struct search search = {.at = at};
	if (!maps_read(l->text, sizeof l->text, take_gap, &search) || !search.free)
		return 0;
	long page = gate6(SYS_mmap, search.free, PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (page == (long)search.free)
		return search.free;
	if (page > 0 || page < -4095)
		gate2(SYS_munmap, page, PAGE);
	return 0;
}

static bool install(struct lean *l, uintptr_t at)
{
	uintptr_t page = map_near(l, at);
	if (!page)
		return false;
	uint32_t branch = hook_trampoline((void *)page, at);
	__builtin___clear_cache((char *)page, (char *)page + PAGE);
	if (gate3(SYS_mprotect, page, PAGE, PROT_READ | PROT_EXEC) == 0 && replace_call(at, branch))
		return true;
	gate2(SYS_munmap, page, PAGE);
	return false;
}

bool patch_hook(struct lean *l)
{
	static enum { UNTRIED, THERE, IMPOSSIBLE } state;
	if (state == UNTRIED)
		state = install(l, atomic_load(&place)) ? THERE : IMPOSSIBLE;
	return state == THERE;
}
