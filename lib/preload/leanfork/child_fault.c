/* SPDX-License-Identifier: MIT */
/* A lean child's page faults, and other faults. */
#include <sys/syscall.h>

#include "preload/leanfork/child.h"
#include "preload/leanfork/child_memory.h"

/* A fault inside probe_string is the answer to its question. */
static bool probed(ucontext_t *uc)
{
	uintptr_t at = (uintptr_t)*reg(uc, REG_RIP);
	if (at < (uintptr_t)probe_start || at >= (uintptr_t)probe_end)
		return false;
	*reg(uc, REG_RIP) = (greg_t)(uintptr_t)probe_failed;
	return true;
}

/*
 * A fault at anything but what was left out is the program's own affair. It happens again natively,
 * or with the program's own handler and mask in place. Inside a handler of ours it cannot happen
 * unless the program passed the kernel a bad address.
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

/* A signal that somebody sends to a handler of ours comes when the handler has ended. */
static void put_off(ucontext_t *uc, int sig, siginfo_t *info)
{
	uint64_t mask;
	copy_bytes(&mask, &uc->uc_sigmask, sizeof mask);
	set_context_mask(uc, mask | SIG_BIT(sig));
	gate4(SYS_rt_tgsigqueueinfo, gate0(SYS_getpid), gate0(SYS_gettid), sig, info);
}

/* A fault happens again when the instruction runs again. A trap does not, and a signal that
 * somebody sent comes once. */
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
