/* SPDX-License-Identifier: MIT */
/*
 * The trigger of a kernel without Syscall User Dispatch: in the child's copy of the text each system
 * call is a trap. exec removes them all. Hazards:
 *
 * 1. The text's mappings must stay as they are, in case the child becomes ordinary: /proc/self/mem
 *    writes to pages that may not be written to, and changes nothing else.
 * 2. By then /proc may be out of reach, because the child has other rights or another root. mprotect
 *    does the same, unless it is forbidden. If both are, the child cannot become ordinary.
 * 3. A trap kills while its signal is blocked. Handlers make their calls by the gate alone, which has
 *    none.
 */
#include "preload/leanfork/patch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/child.h"
#include "preload/leanfork/handler.h"
#include "preload/leanfork/parent_lock.h"
#include "preload/leanfork/proc.h"
#include "preload/leanfork/trigger.h"

/* Writes instructions, a page of them at a time. */
struct writer {
	struct lean *l;
	long fd; /* of /proc/self/mem, or -1 */
	uint32_t word;
	uintptr_t page; /* the one that l->text has; 0: none */
	bool restores;
};

static bool copy_in(uintptr_t page, const void *text)
{
	if (gate3(SYS_mprotect, page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
		return false;
	copy_bytes((void *)page, text, PAGE);
	__builtin___clear_cache((char *)page, (char *)page + PAGE);
	return gate3(SYS_mprotect, page, PAGE, PROT_READ | PROT_EXEC) == 0;
}

static bool flush(struct writer *w)
{
	uintptr_t page = w->page;
	w->page = 0;
	if (!page)
		return true;
	long n = w->fd < 0 ? -1 : gate4(SYS_pwrite64, w->fd, w->l->text, PAGE, page);
	return n == (long)PAGE || (w->restores && copy_in(page, w->l->text));
}

static bool write_word(struct writer *w, uintptr_t at)
{
	uintptr_t page = at & ~(PAGE - 1);
	if (page != w->page) {
		if (!flush(w))
			return false;
		copy_bytes(w->l->text, (const void *)page, PAGE);
		w->page = page;
	}
	copy_bytes(w->l->text + (at - page), &w->word, sizeof w->word);
	return true;
}

/* To all text that the image is not in the place of. */
static bool write_each(struct writer *w)
{
	size_t n;
	const struct text *texts = patch_texts(&n);
	for (size_t i = 0; i < n; i++) {
		const uintptr_t *site = patch_sites() + texts[i].first_site;
		for (size_t left = texts[i].aside ? 0 : texts[i].n_sites; left > 0; left--)
			if (!write_word(w, *site++))
				return false;
	}
	return flush(w);
}

static bool write_all(struct lean *l, uint32_t word, bool restores)
{
	struct writer w = {.l = l, .word = word, .restores = restores};
	w.fd = gate4(SYS_openat, AT_FDCWD, PROC_SELF "mem", O_RDWR | O_CLOEXEC, 0);
	bool good = (w.fd >= 0 || restores) && write_each(&w);
	if (w.fd >= 0)
		gate1(SYS_close, w.fd);
	return good;
}

bool trigger_possible(void)
{
	return patch_hook_find();
}

enum lean_reason trigger_arm(struct lean *l, bool filtered)
{
	struct kernel_action *sigsys = &l->actions[SIGSYS];
	if (gate4(SYS_rt_sigaction, SIGSYS, NULL, sigsys, 8) < 0)
		return LEAN_KERNEL;
	if (filtered && sigsys->handler > KERNEL_IGNORE)
		return LEAN_SIGSYS;
	if (!patch_hook(l))
		return LEAN_KERNEL;
	lean_active = l;
	patch_await(l);
	lock_expose();
	set_mask(l->mask, NULL);
	return LEAN_FINE;
}

void trigger_disarm(struct lean *l)
{
	(void)l;
	patch_await(NULL);
}

bool trigger_prepare(struct lean *l)
{
	return patch_scan(l);
}

long trigger_start(struct lean *l)
{
	if (!l->alone && !patch_is_current(l))
		return -EAGAIN;
	return image_apply() && write_all(l, MACHINE_TRAP, false) ? 0 : -EACCES;
}

bool trigger_stop(struct lean *l)
{
	return write_all(l, MACHINE_CALL, true) && image_undo();
}

void trigger_stopped(void)
{
}

bool trigger_misses_new_code(void)
{
	return true;
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	if (info->si_code > 0 && context_pass_trap(context))
		child_do_call(lean_active, context);
	else
		child_on_other_fault(sig, info, context);
}

long trigger_set_handlers(uint64_t let_through)
{
	return set_handler(SIGTRAP, on_trap, SA_ONSTACK, let_through | SIG_BIT(SIGSYS), NULL);
}

static void on_trial(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	context_pass_trap(context);
}

void trigger_try(void)
{
	gate2(SYS_memfd_create, 0, 0);
	gate2(SYS_ftruncate, -1, 0);
	gate4(SYS_openat, -1, 0, 0, 0);
	gate4(SYS_pwrite64, -1, 0, 0, 0);
	gate6(SYS_mmap, 0, 0, PROT_READ | PROT_EXEC, MAP_SHARED, -1, 0);
	if (set_handler(SIGTRAP, on_trial, 0, 0, NULL) < 0)
		return;
	set_mask(~SIG_BIT(SIGTRAP), NULL);
	machine_trap();
}
