/* SPDX-License-Identifier: MIT */
/*
 * A lean child between clone and exec. Hazards:
 *
 * 1. A fault while SIGSEGV is blocked kills, and programs block every signal around fork: SIGSEGV,
 *    SIGSYS and what other faults raise stay out of the kernel's mask, all others stay in it until
 *    exec, and what the program believes its mask to be is kept apart (signals.c).
 * 2. The handlers themselves can't wait for memory: they run on a stack of their own, use their own
 *    state, the gate and nothing of libc's.
 * 3. The kernel doesn't ask the handlers when it writes to memory on its own account: the thread's
 *    block with its rseq area, the stack in use and the page with the robust list are never left
 *    out.
 * 4. The program's thread may be on its alternate signal stack, which then can't be changed. Nor can
 *    ours, by a handler that runs on it, unless it is disarmed meanwhile.
 * 5. Another thread's memory mapped or unmapped between choice and clone: a place that isn't free
 *    can't be reserved.
 * 6. What the child writes to memory that it shares with others can't be taken back: such memory is
 *    read-only while there is a native fork to fall back on.
 * 7. A child that spins makes no call and no fault: a timer sends SIGSYS. It counts the child's own
 *    time, which a busy machine doesn't lengthen.
 * 8. What libc's fork does in the child walks along lists that other threads of the parent may have
 *    changed between clone and the moment when a part of them is brought in: it may fault, or never
 *    come to an end. Nobody has noticed anything of the child by then: it is made anew.
 * 9. Signals sent to the process group meanwhile are blocked until exec. With the child thrown away
 *    before that they are for the native one.
 * 10. Of the calling thread's own, exec resets all that the child has been given here: handlers,
 *    alternate stack, timer, dispatch, robust list.
 */
#include "preload/leanfork/child.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/leanfork/dispatch.h"
#include "preload/leanfork/limits.h"
#include "preload/leanfork/memory.h"
#include "preload/leanfork/signals.h"

#define AUTODISARM ((int)(1U << 31)) /* SS_AUTODISARM, newer than some headers */
#define EAGER_LIMIT_MS 250
#define RESCUE_LIMIT_MS 1000

static bool is_child; /* not part of struct lean, which another thread may be about to unmap */

bool lean_is_child(void)
{
	return is_child;
}

_Noreturn void child_give_up(struct lean *l, enum lean_reason reason)
{
	l->mail->reason = reason;
	l->mail->signals = signals_of_others(l);
	atomic_store(&l->mail->stage, STAGE_GAVE_UP);
	for (;;)
		gate1(SYS_exit_group, 127);
}

_Noreturn void child_give_up_at(struct lean *l, long call)
{
	l->mail->call = (uint32_t)call;
	child_give_up(l, LEAN_CALL);
}

long child_set_handlers(void)
{
	static const int others[] = {SIGFPE, SIGILL, SIGBUS, SIGTRAP};
	long r = set_handler(SIGSEGV, child_on_fault, SA_ONSTACK, NULL);
	for (size_t i = 0; i < sizeof others / sizeof others[0] && r == 0; i++)
		r = set_handler(others[i], child_on_other_fault, SA_ONSTACK, NULL);
	return r < 0 ? r : set_handler(SIGSYS, child_on_call, SA_ONSTACK, NULL);
}

static stack_t own_stack(struct lean *l)
{
	return (stack_t){.ss_sp = l->alt, .ss_flags = AUTODISARM, .ss_size = sizeof l->alt};
}

static bool take_signals(struct lean *l)
{
	stack_t mine = own_stack(l);
	uint64_t before;

	if (set_mask(~OURS, &before) < 0)
		return false;
	for (int sig = 1; sig < 32; sig++)
		if (SIG_BIT(sig) & OURS && sig != SIGSYS &&
			gate4(SYS_rt_sigaction, sig, NULL, &l->actions[sig], 8) < 0)
			return false;
	if (child_set_handlers() < 0)
		return false;
	return gate2(SYS_sigaltstack, &mine, &l->alt_stack) == 0;
}

/* Answers hazard 6. */
static bool guard_shared(struct lean *l)
{
	if (l->wish.kind == LEAN_RESCUE)
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

/* Answers hazard 7. */
static bool start_timer(struct lean *l)
{
	uint32_t ms = l->wish.limit_ms              ? l->wish.limit_ms
		      : l->wish.kind == LEAN_RESCUE ? RESCUE_LIMIT_MS
						    : EAGER_LIMIT_MS;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGSYS};
	struct itimerspec when = {
		.it_value = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000L},
		.it_interval = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000L},
	};
	return gate3(SYS_timer_create, CLOCK_PROCESS_CPUTIME_ID, &event, &l->timer) == 0 &&
	       gate4(SYS_timer_settime, l->timer, 0, &when, NULL) == 0;
}

void child_start(struct lean *l, ucontext_t *uc)
{
	if (!take_signals(l))
		child_give_up(l, LEAN_STACK);
	if (mailbox_own(l->mail, (uint32_t)gate0(SYS_gettid)) < 0)
		child_give_up(l, LEAN_KERNEL);
	atomic_store(&l->mail->stage, STAGE_RUNNING);
	if (memory_reserve(l) < 0 || !guard_shared(l))
		child_give_up(l, LEAN_MEMORY);
	if (!start_timer(l) || dispatch_on() < 0)
		child_give_up(l, LEAN_KERNEL);
	set_context_mask(uc, ~OURS);
	uc->uc_stack = own_stack(l);
	*reg(uc, REG_RAX) = 0;
	is_child = true;
}

void child_become_ordinary(struct lean *l, ucontext_t *uc)
{
	memory_bring_all(l);
	atomic_store(&l->mail->stage, STAGE_RELEASED);
	gate2(SYS_set_robust_list, l->robust, sizeof *l->robust);
	mailbox_call(l->mail);
	mailbox_destroy(l->mail);
	l->mail = NULL;
	gate1(SYS_timer_delete, l->timer);
	dispatch_off();
	for (int sig = 1; sig < 32; sig++)
		if (SIG_BIT(sig) & OURS)
			set_action(sig, &l->actions[sig]);
	limits_enforce(l);
	set_context_mask(uc, l->mask);
	uc->uc_stack = l->alt_stack;
	is_child = false;
	lean_active = NULL;
}

void child_leave(struct lean *l, ucontext_t *uc, enum lean_reason reason)
{
	if (l->wish.kind == LEAN_EAGER)
		child_give_up(l, reason);
	if (atomic_load(&l->mail->progress) == PROGRESS_LIBC && l->tries < MOST_TRIES)
		child_give_up(l, LEAN_AGAIN);
	child_become_ordinary(l, uc);
}
