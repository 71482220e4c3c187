/* SPDX-License-Identifier: MIT */
/* Page faults and other faults of a lean child. */
#include <sys/syscall.h>

#include "preload/leanfork/child.h"
#include "preload/leanfork/child_memory.h"

/* A fault inside probe_string is its answer. */
static bool probed(ucontext_t *uc)
{
	uintptr_t at = context_pc(uc);
	if (at < (uintptr_t)probe_start || at >= (uintptr_t)probe_end)
		return false;
	context_go(uc, (uintptr_t)probe_failed);
	return true;
}

/*
 * A fault outside of what was left out is the program's own. It happens again natively, or with the
 * program's handler and mask in force. A handler of ours faults only if the program passed the
 * kernel a bad address.
 */
void child_on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	struct lean *l = lean_active;
	bool page_fault = info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR;

	(void)sig;
	if (page_fault && memory_bring(l, (uintptr_t)info->si_addr, 1) > 0)
		return;
	if (probed(uc))
		return;
	if (l->in_call)
		child_give_up(l, LEAN_FAULT);
	child_leave(l, uc, LEAN_FAULT);
}

/* A signal sent to a handler of ours waits until the handler has ended. */
static void put_off(ucontext_t *uc, int sig, siginfo_t *info)
{
	uint64_t mask;
	copy_bytes(&mask, &uc->uc_sigmask, sizeof mask);
	set_context_mask(uc, mask | SIG_BIT(sig));
	gate4(SYS_rt_tgsigqueueinfo, gate0(SYS_getpid), gate0(SYS_gettid), sig, info);
}

/* A fault happens again when its instruction runs again. A trap does not, nor does a signal that
 * somebody sent. */
void child_on_other_fault(int sig, siginfo_t *info, void *context)
{
	struct lean *l = lean_active;
	bool recurs = sig != SIGTRAP && info->si_code > 0;
	if (recurs && probed(context))
		return;
	if (l->in_call && !recurs) {
		put_off(context, sig, info);
		return;
	}
	if (l->in_call)
		child_give_up(l, LEAN_FAULT);
	child_leave(l, context, LEAN_FAULT);
	if (!recurs)
		gate4(SYS_rt_tgsigqueueinfo, gate0(SYS_getpid), gate0(SYS_gettid), sig, info);
}
