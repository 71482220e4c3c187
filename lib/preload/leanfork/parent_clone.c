/* SPDX-License-Identifier: MIT */
/*
 * The parent's half of a lean fork. libc's fork runs with the thread's system calls dispatched, so
 * its one clone is made here. Hazards:
 *
 *  1. libc holds its locks (malloc, stdio), and the program's atfork handlers hold theirs. What
 *     they guard is consistent in the child only while they are held. So the child is served here,
 *     before clone returns to libc. The locks are held for less time than by a native fork of such
 *     a process.
 *  2. Memory is marked DONTFORK only for the moment of the clone.
 *  3. A child that may be thrown away unnoticed must not have SIGCHLD as its exit signal. exec
 *     gives it SIGCHLD.
 *  4. The program's atfork handlers run dispatched, too. Some calls cannot be made for them in
 *     here, or are no fork. Such a call ends the attempt and is made again, natively.
 *  5. libc or these handlers may wait for a lock. Its holder may wait for this thread to answer a
 *     signal, but all are blocked, or for a fork of its own. So nothing waits for long in here.
 *  6. When clone returns to libc, the signal mask and all else must be the program's again, because
 *     its atfork handlers run next. sigreturn restores them. Later the mask is not ours: libc, or a
 *     handler, may have blocked signals for the clone only.
 */
#include "preload/leanfork/parent_clone.h"

#include <errno.h>
#include <linux/sched.h>
#include <time.h>

#include "base/kernel_numbers.h"
#include "preload/leanfork/call.h"
#include "preload/leanfork/child.h"
#include "preload/leanfork/dispatch.h"
#include "preload/leanfork/parent_lock.h"
#include "preload/leanfork/parent_dontfork.h"
#include "preload/leanfork/parent_signals.h"
#include "preload/leanfork/parent_plan.h"
#include "preload/leanfork/parent_serve.h"
#include "preload/leanfork/call_signals.h"

#define EXIT_SIGNAL 0xffL
#define LEAST_RANGE 32768 /* where memory is short */
#define SHORT_WAIT_NS 5000000L

/* The mask is the program's, or about to be: a signal that it blocks stays pending. */
static void raise_held(struct lean *l)
{
	if (l->holds)
		gate4(SYS_rt_tgsigqueueinfo, l->parent, l->thread, SIGSYS, &l->held);
	l->holds = false;
}

/* As soon as possible, because a child made past the shim inherits these settings. */
static void stop_dispatch(struct lean *l)
{
	if (!l->dispatched)
		return;
	dispatch_off();
	set_action(SIGSYS, &l->actions[SIGSYS]);
	l->dispatched = false;
}

static void call_off(struct lean *l, enum phase phase)
{
	stop_dispatch(l);
	l->phase = phase;
	lock_become_native();
}

/* The interrupted call is made again when the handler returns. */
static void go_native(struct lean *l, ucontext_t *uc, long nr)
{
	call_off(l, PHASE_CANCELLED);
	raise_held(l);
	set_context_mask(uc, l->mask);
	step_back(uc, nr);
}

static void finish(struct lean *l, ucontext_t *uc, long result)
{
	call_off(l, PHASE_DONE);
	raise_held(l);
	set_context_mask(uc, l->mask);
	context_return(uc, result);
}

static long clone_child(const struct lean *l, const struct call *call)
{
	long flags = call->nr == SYS_fork ? SIGCHLD : call->args[0];
	if (l->options.kind == LEAN_EAGER)
		flags &= ~EXIT_SIGNAL;
	if (call->nr == SYS_fork)
		return gate5(SYS_clone, flags, 0, 0, 0, 0);
	return gate5(SYS_clone, flags, 0, call->args[2], call->args[3], call->args[4]);
}

/* Restores everything as it was before the clone. */
static bool renew(struct lean *l)
{
	l->tries++;
	l->choice = (struct choice){0};
	l->result.bytes = l->result.chunks = 0;
	gate2(SYS_munmap, l->settled, l->settled_size);
	l->settled = NULL;
	mailbox_destroy(l->mail);
	l->mail = mailbox_create();
	return l->mail;
}

static void on_clone(struct lean *l, ucontext_t *uc, const struct call *call);

/* The parent's work after the clone. */
static void attend(struct lean *l, ucontext_t *uc, const struct call *call)
{
	if (serve(l) == SERVED) {
		plan_learn(l);
		l->result.outcome = LEAN_DONE;
		finish(l, uc, l->child);
	} else if (l->options.kind == LEAN_EAGER) {
		l->result.outcome = LEAN_RESTARTED;
		go_native(l, uc, call->nr);
	} else if (l->result.reason == LEAN_AGAIN && renew(l)) {
		on_clone(l, uc, call);
	} else {
		l->result.outcome = LEAN_FAILED;
		finish(l, uc, -ENOMEM);
	}
}

static enum lean_reason leave_out(struct lean *l, uintptr_t stack)
{
	enum lean_reason reason = plan_make(l, stack);
	if (reason != LEAN_FINE)
		return reason;
	plan_apply(l);
	if (l->result.bytes >= l->options.least_total)
		return LEAN_FINE;
	dontfork_clear(l);
	return LEAN_SMALL;
}

/* Natively such a signal would be handled before there is a child. */
static bool must_wait_for_a_handler(struct lean *l)
{
	l->interrupted = !l->heedless && pending_arrived(l->mask);
	return l->interrupted;
}

/* Even what a rescue copies is refused, so smaller mappings are left out, too. */
static bool leave_out_more(struct lean *l)
{
	if (l->options.kind == LEAN_EAGER || l->options.least_range <= LEAST_RANGE || !renew(l))
		return false;
	l->options.least_range = LEAST_RANGE;
	return true;
}

static void on_clone(struct lean *l, ucontext_t *uc, const struct call *call)
{
	stop_dispatch(l);
	if (must_wait_for_a_handler(l)) {
		l->result.reason = LEAN_BUSY;
		go_native(l, uc, call->nr);
		return;
	}
	l->result.reason = leave_out(l, context_stack(uc));
	if (l->result.reason != LEAN_FINE) {
		go_native(l, uc, call->nr);
		return;
	}
	long pid = clone_child(l, call);
	if (pid == 0) {
		child_start(l, uc);
		return;
	}
	dontfork_clear(l);
	l->child = (int)pid;
	if (pid > 0) {
		attend(l, uc, call);
		return;
	}
	l->result.reason = pid == -ENOMEM ? LEAN_MEMORY : LEAN_KERNEL;
	if (pid == -ENOMEM && leave_out_more(l)) {
		on_clone(l, uc, call);
	} else if (l->options.kind == LEAN_EAGER) {
		go_native(l, uc, call->nr);
	} else {
		l->result.outcome = LEAN_FAILED;
		finish(l, uc, pid);
	}
}

static bool is_fork(const struct call *call)
{
	if (call->nr == SYS_fork)
		return true;
	if (call->nr != SYS_clone)
		return false;
	long known = EXIT_SIGNAL | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID;
	return (call->args[0] & ~known) == 0 && (call->args[0] & EXIT_SIGNAL) == SIGCHLD &&
	       call->args[1] == 0;
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
	go_native(l, uc, call->nr);
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
	call_off(l, PHASE_CANCELLED);
	raise_held(l);
	set_context_mask(uc, l->mask);
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

void clone_call_on_call(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	struct lean *l = lean_active;
	struct call call = call_of(uc);

	if (!l || l->thread != (int)gate0(SYS_gettid)) {
		act_as_the_program(l, sig, info, context);
		return;
	}
	if (info->si_code == FROM_SECCOMP)
		go_native(l, uc, call.nr);
	else if (info->si_code != FROM_DISPATCH)
		pass_on(l, uc, info);
	else if (is_fork(&call))
		on_clone(l, uc, &call);
	else if (needs_own_context(&call))
		go_native(l, uc, call.nr);
	else if (is_wait(&call))
		wait_for_others(l, uc, &call);
	else
		context_return(uc, do_here(l, uc, &call));
}

void clone_call_close(struct lean *l)
{
	if (l->phase != PHASE_BEFORE)
		return;
	call_off(l, PHASE_CANCELLED);
	set_mask(l->mask, NULL);
	raise_held(l);
}
