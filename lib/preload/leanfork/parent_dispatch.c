/* SPDX-License-Identifier: MIT */
/*
 * libc's fork runs with the thread's system calls dispatched, until its clone. Hazards:
 *
 * 1. The program's atfork handlers run dispatched, too. Some calls cannot be made for them in
 *    here, or are no fork. Such a call ends the attempt and is made again, natively.
 * 2. libc or these handlers may wait for a lock. Its holder may wait for this thread to answer a
 *    signal, but all are blocked, or for a fork of its own. So nothing waits for long in here.
 */
#include <errno.h>
#include <time.h>

#include "base/kernel_numbers.h"
#include "preload/leanfork/call_signals.h"
#include "preload/leanfork/dispatch.h"
#include "preload/leanfork/handler.h"
#include "preload/leanfork/parent_clone.h"
#include "preload/leanfork/trigger.h"

#define SHORT_WAIT_NS 5000000L

bool trigger_possible(void)
{
	return true;
}

/* As soon as possible, because a child made past the shim inherits these settings. */
void trigger_disarm(struct lean *l)
{
	if (!l->dispatched)
		return;
	dispatch_off();
	set_action(SIGSYS, &l->actions[SIGSYS]);
	l->dispatched = false;
}

/* Calls that a handler cannot make for the interrupted code. */
static bool needs_own_context(const struct call *call)
{
	switch (call->nr) {
	case SYS_clone:
	case 435: /* clone3 */
	case SYS_fork:
	case SYS_vfork:
	case SYS_execve:
	case SYS_execveat:
	case SYS_exit:
	case SYS_exit_group:
	case SYS_rt_sigreturn:
	case SYS_rt_sigsuspend:
	case SYS_prctl:
	case SYS_seccomp:
		return true;
	case SYS_rt_sigaction:
		return call->args[0] == SIGSYS;
	default:
		return false;
	}
}

/* Calls that only wait for others. */
static bool is_wait(const struct call *call)
{
	switch (call->nr) {
	case SYS_futex: {
		long op = call->args[1] & FUTEX_CMD_MASK;
		return op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET || op == FUTEX_LOCK_PI ||
		       op == FUTEX_LOCK_PI2 || op == FUTEX_WAIT_REQUEUE_PI;
	}
	case SYS_poll:
	case SYS_ppoll:
	case SYS_select:
	case SYS_pselect6:
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
	case SYS_pause:
	case SYS_rt_sigtimedwait:
	case SYS_wait4:
	case SYS_waitid:
	case SYS_semop:
	case SYS_semtimedop:
		return true;
	default:
		return false;
	}
}

/* A lock is often released soon. Returns whether this one may be free now. */
static bool wait_shortly(struct call *call)
{
	struct timespec shortly = {0, SHORT_WAIT_NS};
	if (call->nr != SYS_futex || (call->args[1] & FUTEX_CMD_MASK) != FUTEX_WAIT ||
		call->args[3])
		return false;
	call->result = gate4(SYS_futex, call->args[0], call->args[1], call->args[2], &shortly);
	return call->result != -ETIMEDOUT;
}

/* Hazard 5. */
static void wait_for_others(struct lean *l, ucontext_t *uc, struct call *call)
{
	if (wait_shortly(call)) {
		context_return(uc, call->result);
		return;
	}
	l->result.reason = LEAN_BUSY;
	clone_natively(l, uc, call->nr);
}

/* Somebody sent the signal. The program gets it now, or when it unblocks it. */
static void pass_on(struct lean *l, ucontext_t *uc, const siginfo_t *info)
{
	l->holds = true;
	l->held = *info;
	if (l->mask & SIG_BIT(SIGSYS))
		return;
	l->interrupted = true;
	l->result.reason = LEAN_BUSY;
	clone_cancel(l, uc);
}

/* For a signal to another thread, or to a child made past the shim, which inherited the handler. */
static void act_as_the_program(const struct lean *l, int sig, siginfo_t *info, void *context)
{
	static const struct kernel_action plain;
	const struct kernel_action *action = l ? &l->actions[SIGSYS] : &plain;
	long pid = gate0(SYS_getpid), thread = gate0(SYS_gettid);
	if (action->handler == KERNEL_IGNORE)
		return;
	if (action->handler && l->parent == (int)pid) {
		((void (*)(int, siginfo_t *, void *))action->handler)(sig, info, context);
		return;
	}
	set_action(SIGSYS, action);
	if (l && l->parent != (int)pid)
		lean_active = NULL;
	gate4(SYS_rt_tgsigqueueinfo, pid, thread, SIGSYS, info);
}

static long do_here(struct lean *l, ucontext_t *uc, struct call *call)
{
	if (call->nr == SYS_rt_sigprocmask && signals_mask(l, call) == DONE)
		return call->result;
	long result = call_do(call);
	if (call->nr == SYS_sigaltstack) /* the end of this handler would undo it */
		gate2(SYS_sigaltstack, NULL, &uc->uc_stack);
	return result;
}

static void on_call(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	struct lean *l = lean_active;
	struct call call = call_of(uc);

	if (!l || l->thread != (int)gate0(SYS_gettid)) {
		act_as_the_program(l, sig, info, context);
		return;
	}
	if (info->si_code == FROM_SECCOMP)
		clone_natively(l, uc, call.nr);
	else if (info->si_code != FROM_DISPATCH)
		pass_on(l, uc, info);
	else if (clone_is_fork(&call))
		clone_leanly(l, uc, &call);
	else if (needs_own_context(&call))
		clone_natively(l, uc, call.nr);
	else if (is_wait(&call))
		wait_for_others(l, uc, &call);
	else if (call.nr != SYS_rt_sigprocmask || !clone_interrupted(l, uc, call.nr))
		context_return(uc, do_here(l, uc, &call));
}

/* A process made in the middle of a lean fork has inherited our handler, which is not the
 * program's. */
static void look_behind(struct kernel_action *action)
{
	const struct lean *other = lean_active;
	if (action->handler != (uintptr_t)on_call)
		return;
	*action = (struct kernel_action){.handler = KERNEL_DEFAULT};
	if (other && other->parent != (int)gate0(SYS_getpid))
		*action = other->actions[SIGSYS];
}

/* A seccomp filter may send SIGSYS for what is done here. So with a filter the program must not
 * have a handler for it. */
static enum lean_reason look_at_sigsys(struct lean *l, bool filtered)
{
	struct kernel_action *before = &l->actions[SIGSYS];
	if (gate4(SYS_rt_sigaction, SIGSYS, NULL, before, 8) < 0)
		return LEAN_KERNEL;
	look_behind(before);
	return dispatch_is_foreign(before) || (filtered && before->handler > KERNEL_IGNORE)
		       ? LEAN_SIGSYS
		       : LEAN_FINE;
}

/* The lock is held and signals are blocked. From here on only SIGSYS arrives, and SIGSEGV if the
 * program lets it through. Our handler gets even a pending SIGSYS. */
enum lean_reason trigger_arm(struct lean *l, bool filtered)
{
	enum lean_reason reason = look_at_sigsys(l, filtered);
	if (reason != LEAN_FINE)
		return reason;
	lean_active = l;
	set_handler(SIGSYS, on_call, 0, SIG_BIT(SIGSEGV), NULL);
	l->dispatched = dispatch_on() == 0;
	if (l->dispatched) {
		set_mask(~SIG_BIT(SIGSYS) & (l->mask | ~SIG_BIT(SIGSEGV)), NULL);
		return LEAN_FINE;
	}
	set_action(SIGSYS, &l->actions[SIGSYS]);
	lean_active = NULL;
	return LEAN_KERNEL;
}
