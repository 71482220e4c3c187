/* SPDX-License-Identifier: MIT */
/*
 * A lean child between clone and exec. Hazards:
 *
 *  1. A fault while SIGSEGV is blocked kills, and programs block every signal around fork. So the
 *     kernel's mask lets SIGSEGV, SIGSYS and the signals of other faults through, and blocks all
 *     others until exec. The program's view of its mask is kept apart (call_signals.c).
 *  2. The handlers cannot wait for memory. They run on a stack of their own and use their own
 *     state, the gate and nothing of libc's.
 *  3. The kernel writes to some memory without a fault that a handler sees. So these are never left
 *     out: the thread's block with its rseq area, the stack in use, the page with the robust list.
 *  4. The program's thread may be on its alternate signal stack, which cannot be changed then. So
 *     the call that changes it is made with another stack pointer. A handler on our stack cannot
 *     change ours, unless that is disarmed meanwhile.
 *  5. Another thread may map or unmap memory between choice and clone. So a place that is not free
 *     cannot be reserved.
 *  6. A write to shared memory cannot be taken back. So shared memory is read-only while there is a
 *     native fork to fall back on.
 *  7. A child may spin, or wait in a system call for ever. Its parent watches it (parent_watch.c)
 *     and calls it back by SIGSYS until it answers. This signal must never meet a child that is
 *     ordinary, or in execve. So only one side changes the stage, and the answer is confirmed. If
 *     the parent has ended, the kernel sends the signal.
 *  8. libc's fork walks along lists in the child. Other threads of the parent may have changed them
 *     between clone and the moment when a part is brought in. The walk may fault, or never end.
 *     Nobody has noticed the child by then, so it is made anew.
 *  9. Signals sent to the process group meanwhile are blocked until exec. If the child is thrown
 *     away before, the native child gets them.
 * 10. exec resets all that the thread has been given here: handlers, alternate stack, dispatch,
 *     robust list.
 */
#include "preload/leanfork/child.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/leanfork/handler.h"
#include "preload/leanfork/trigger.h"
#include "preload/leanfork/call_limits.h"
#include "preload/leanfork/child_memory.h"
#include "preload/leanfork/call_signals.h"

#define AUTODISARM ((int)(1U << 31)) /* SS_AUTODISARM, newer than some headers */

static bool is_child; /* outside struct lean, which another thread may be about to unmap */

bool lean_is_child(void)
{
	return is_child;
}

long child_set_handlers(void)
{
	static const int others[] = {SIGFPE, SIGILL, SIGBUS, SIGTRAP};
	const uint64_t faults = SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS); /* also those of call_args.c */
	long r = set_handler(SIGSEGV, child_on_fault, SA_ONSTACK, faults, NULL);
	for (size_t i = 0; i < sizeof others / sizeof others[0] && r == 0; i++)
		r = set_handler(others[i], child_on_other_fault, SA_ONSTACK, faults, NULL);
	if (r == 0)
		r = set_handler(SIGSYS, child_on_call, SA_ONSTACK | SA_NODEFER, faults, NULL);
	return r < 0 ? r : trigger_set_handlers(faults);
}

static stack_t own_stack(struct lean *l)
{
	return (stack_t){.ss_sp = l->alt, .ss_flags = AUTODISARM, .ss_size = sizeof l->alt};
}

/* SIGSYS stays blocked until the handler returns. */
static bool take_signals(struct lean *l)
{
	stack_t mine = own_stack(l);

	if (set_mask(~HANDLED_SIGNALS | SIG_BIT(SIGSYS), NULL) < 0)
		return false;
	for (int sig = 1; sig < 32; sig++)
		if (SIG_BIT(sig) & HANDLED_SIGNALS && sig != SIGSYS &&
			gate4(SYS_rt_sigaction, sig, NULL, &l->actions[sig], 8) < 0)
			return false;
	if (child_set_handlers() < 0)
		return false;
	uintptr_t top = (uintptr_t)(l->alt + sizeof l->alt);
	return gate_call_on(SYS_sigaltstack, (long)&mine, (long)&l->alt_stack, top) == 0;
}

/* Sends the signals that the child got before it was made anew. */
static void raise_passed_on(struct lean *l)
{
	long pid = gate0(SYS_getpid);
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGSTOP && l->passed_on & SIG_BIT(sig))
			gate2(SYS_kill, pid, sig);
}

/* Hazard 6. */
static bool guard_shared(struct lean *l)
{
	if (l->options.kind == LEAN_RESCUE)
		return true;
	for (size_t i = 0; i < l->choice.n_shared; i++) {
		struct span at = l->shared[i];
		if (at.start == (uintptr_t)l->mail)
			continue;
		if (gate3(SYS_mprotect, at.start, at.end - at.start, PROT_READ) < 0)
			return false;
	}
	return true;
}

void child_start(struct lean *l, ucontext_t *uc)
{
	if (!take_signals(l))
		child_give_up(l, LEAN_STACK);
	if (mailbox_own(l->mail, (uint32_t)gate0(SYS_gettid)) < 0)
		child_give_up(l, LEAN_KERNEL);
	limits_lift(l);
	if (memory_reserve(l) < 0 || !guard_shared(l))
		child_give_up(l, LEAN_MEMORY);
	long started = trigger_start(l);
	if (started < 0)
		child_give_up(
			l, started == -EAGAIN && l->tries < MOST_TRIES ? LEAN_AGAIN : LEAN_KERNEL);
	raise_passed_on(l);
	set_context_mask(uc, ~HANDLED_SIGNALS);
	uc->uc_stack = own_stack(l);
	context_return(uc, 0);
	child_mind_parent();
	is_child = true;
	atomic_store(&l->mail->stage, STAGE_RUNNING);
}

/* Hazard 7: after this no SIGSYS of the parent's is on its way. */
static void confirm(struct lean *l)
{
	uint64_t sigsys = SIG_BIT(SIGSYS);
	struct timespec at_once = {0, 0};
	mailbox_confirm(l->mail, l->parent);
	gate4(SYS_rt_sigtimedwait, &sigsys, NULL, &at_once, 8);
}

void child_mind_parent(void)
{
	gate2(SYS_prctl, PR_SET_PDEATHSIG, SIGSYS);
}

/* A change of credentials clears the signal. */
int child_death_signal(const struct lean *l)
{
	int now = 0;
	gate2(SYS_prctl, PR_GET_PDEATHSIG, &now);
	return now == SIGSYS ? l->death_signal : 0;
}

void child_mind_parent_no_more(const struct lean *l)
{
	gate2(SYS_prctl, PR_SET_PDEATHSIG, child_death_signal(l));
}

static void release(struct lean *l)
{
	uint64_t sigsys = SIG_BIT(SIGSYS);
	struct timespec at_once = {0, 0};
	child_mind_parent_no_more(l);
	enum stage before = atomic_exchange(&l->mail->stage, STAGE_RELEASED);
	gate2(SYS_set_robust_list, l->robust, sizeof *l->robust);
	if (before == STAGE_CALLED_BACK)
		confirm(l);
	else
		mailbox_call(l->mail);
	gate4(SYS_rt_sigtimedwait, &sigsys, NULL, &at_once, 8);
	mailbox_destroy(l->mail);
	l->mail = NULL;
}

bool child_become_ordinary(struct lean *l, ucontext_t *uc)
{
	if (memory_bring_all(l) < 0)
		return false;
	if (!trigger_stop(l))
		child_give_up(l, LEAN_KERNEL);
	release(l);
	trigger_stopped();
	for (int sig = 1; sig < 32; sig++)
		if (SIG_BIT(sig) & HANDLED_SIGNALS)
			set_action(sig, &l->actions[sig]);
	limits_enforce(l);
	set_context_mask(uc, l->mask);
	uc->uc_stack = l->alt_stack;
	is_child = false;
	lean_active = NULL;
	return true;
}

static void give_up_early(struct lean *l, enum lean_reason reason)
{
	if (l->options.kind == LEAN_EAGER)
		child_give_up(l, reason);
	if (atomic_load(&l->mail->progress) == PROGRESS_LIBC && l->tries < MOST_TRIES)
		child_give_up(l, LEAN_AGAIN);
}

void child_leave(struct lean *l, ucontext_t *uc, enum lean_reason reason)
{
	give_up_early(l, reason);
	if (!child_become_ordinary(l, uc))
		child_give_up(l, LEAN_MEMORY);
}

bool child_answer(struct lean *l, ucontext_t *uc)
{
	give_up_early(l, LEAN_TIME);
	if (child_become_ordinary(l, uc))
		return true;
	atomic_store(&l->mail->stage, STAGE_REFUSED);
	confirm(l);
	return false;
}

bool child_is_called_back(const struct lean *l)
{
	return atomic_load(&l->mail->stage) == STAGE_CALLED_BACK;
}
