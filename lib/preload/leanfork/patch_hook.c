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
 * 4. A lean child's own clone comes here as well. What is native here is a system call outside the
 *    gate, so it traps there.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/parent_clone.h"
#include "preload/leanfork/parent_lock.h"
#include "preload/leanfork/patch.h"
#include "preload/leanfork/patch_hook.h"
#include "preload/leanfork/proc.h"

#define NEAR_STEP ((uintptr_t)1 << 20)

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
	void *found = NULL;
	Dl_info info;
	const uint32_t *code = dlsym(RTLD_DEFAULT, "_Fork");
	if (!code || !dladdr1(code, &info, &found, RTLD_DL_SYMENT) || !found)
		return 0;
	const ElfW(Sym) *symbol = found;
	return hook_find(code, symbol->st_size / sizeof *code);
}

static bool write_at(uintptr_t at, const void *bytes, size_t n)
{
	long fd = gate4(SYS_openat, AT_FDCWD, PROC_SELF "mem", O_RDWR | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	long written = gate4(SYS_pwrite64, fd, bytes, n, at);
	gate1(SYS_close, fd);
	return written == (long)n;
}

/* A page that the branch reaches. */
static uintptr_t map_near(uintptr_t at)
{
	for (uintptr_t far = NEAR_STEP; far < HOOK_REACH; far += NEAR_STEP) {
		uintptr_t wanted = (at & ~(PAGE - 1)) - far;
		long page = gate6(SYS_mmap, wanted, PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (page == (long)wanted)
			return wanted;
		if (page > 0 || page < -4095)
			gate2(SYS_munmap, page, PAGE);
	}
	return 0;
}

static bool install(uintptr_t at)
{
	uintptr_t page = map_near(at);
	if (!page)
		return false;
	uint32_t branch = hook_trampoline((void *)page, at);
	__builtin___clear_cache((char *)page, (char *)page + PAGE);
	if (gate3(SYS_mprotect, page, PAGE, PROT_READ | PROT_EXEC) == 0 &&
		write_at(at, &branch, sizeof branch))
		return true;
	gate2(SYS_munmap, page, PAGE);
	return false;
}

bool patch_hook(void)
{
	static enum { UNTRIED, THERE, IMPOSSIBLE } state;
	if (state == UNTRIED) {
		uintptr_t at = find();
		state = at && install(at) ? THERE : IMPOSSIBLE;
	}
	return state == THERE;
}
