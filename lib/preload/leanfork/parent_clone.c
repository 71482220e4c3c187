/* SPDX-License-Identifier: MIT */
/*
 * The parent's half of a lean fork: libc's one clone is made here. Hazards:
 *
 *  1. libc holds its locks (malloc, stdio), and the program's atfork handlers hold theirs. What
 *     they guard is consistent in the child only while they are held. So the child is served here,
 *     before clone returns to libc. The locks are held for less time than by a native fork of such
 *     a process.
 *  2. Memory is marked DONTFORK only for the moment of the clone.
 *  3. A child that may be thrown away unnoticed must not have SIGCHLD as its exit signal. exec
 *     gives it SIGCHLD.
 *  4. When clone returns to libc, the signal mask and all else must be the program's again, because
 *     its atfork handlers run next. sigreturn restores them. Later the mask is not ours: libc, or a
 *     handler, may have blocked signals for the clone only.
 */
#include "preload/leanfork/parent_clone.h"

#include <errno.h>
#include <linux/sched.h>

#include "base/kernel_numbers.h"
#include "preload/leanfork/call.h"
#include "preload/leanfork/child.h"
#include "preload/leanfork/parent_lock.h"
#include "preload/leanfork/parent_dontfork.h"
#include "preload/leanfork/parent_signals.h"
#include "preload/leanfork/parent_plan.h"
#include "preload/leanfork/parent_serve.h"
#include "preload/leanfork/trigger.h"

#define EXIT_SIGNAL 0xffL
#define LEAST_RANGE 32768 /* where memory is short */

/* The mask is the program's, or about to be: a signal that it blocks stays pending. */
static void raise_held(struct lean *l)
{
	if (l->holds)
		gate4(SYS_rt_tgsigqueueinfo, l->parent, l->thread, SIGSYS, &l->held);
	l->holds = false;
}

static void call_off(struct lean *l, enum phase phase)
{
	trigger_disarm(l);
	l->phase = phase;
	lock_become_native();
}

void clone_cancel(struct lean *l, ucontext_t *uc)
{
	call_off(l, PHASE_CANCELLED);
	raise_held(l);
	set_context_mask(uc, l->mask);
}

void clone_natively(struct lean *l, ucontext_t *uc, long nr)
{
	clone_cancel(l, uc);
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
	bool plain = call->nr != SYS_clone;
	long flags = plain ? SIGCHLD : call->args[0];
	if (l->options.kind == LEAN_EAGER)
		flags &= ~EXIT_SIGNAL;
	if (plain)
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

/* The parent's work after the clone. */
static void attend(struct lean *l, ucontext_t *uc, const struct call *call)
{
	if (serve(l) == SERVED) {
		plan_learn(l);
		l->result.outcome = LEAN_DONE;
		finish(l, uc, l->child);
	} else if (l->options.kind == LEAN_EAGER) {
		l->result.outcome = LEAN_RESTARTED;
		clone_natively(l, uc, call->nr);
	} else if (l->result.reason == LEAN_AGAIN && renew(l)) {
		clone_leanly(l, uc, call);
	} else {
		l->result.outcome = LEAN_FAILED;
		finish(l, uc, -ENOMEM);
	}
}

static enum lean_reason leave_out(struct lean *l, uintptr_t stack)
{
	enum lean_reason reason = trigger_prepare(l) ? plan_make(l, stack) : LEAN_KERNEL;
	if (reason != LEAN_FINE)
		return reason;
	plan_apply(l);
	if (l->result.bytes >= l->options.least_total)
		return LEAN_FINE;
	dontfork_clear(l);
	return LEAN_SMALL;
}

bool clone_interrupted(struct lean *l, ucontext_t *uc, long nr)
{
	l->interrupted = !l->heedless && pending_arrived(l->mask);
	if (!l->interrupted)
		return false;
	l->result.reason = LEAN_BUSY;
	clone_natively(l, uc, nr);
	return true;
}

/* Even what a rescue copies is refused, so smaller mappings are left out, too. */
static bool leave_out_more(struct lean *l)
{
	if (l->options.kind == LEAN_EAGER || l->options.least_range <= LEAST_RANGE || !renew(l))
		return false;
	l->options.least_range = LEAST_RANGE;
	return true;
}

void clone_leanly(struct lean *l, ucontext_t *uc, const struct call *call)
{
	trigger_disarm(l);
	if (clone_interrupted(l, uc, call->nr))
		return;
	l->result.reason = leave_out(l, context_stack(uc));
	if (l->result.reason != LEAN_FINE) {
		clone_natively(l, uc, call->nr);
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
		clone_leanly(l, uc, call);
	} else if (l->options.kind == LEAN_EAGER) {
		clone_natively(l, uc, call->nr);
	} else {
		l->result.outcome = LEAN_FAILED;
		finish(l, uc, pid);
	}
}

bool clone_is_fork(const struct call *call)
{
#ifdef SYS_fork
	if (call->nr == SYS_fork)
		return true;
#endif
	if (call->nr != SYS_clone)
		return false;
	long known = EXIT_SIGNAL | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID;
	return (call->args[0] & ~known) == 0 && (call->args[0] & EXIT_SIGNAL) == SIGCHLD &&
	       call->args[1] == 0;
}

void clone_call_close(struct lean *l)
{
	if (l->phase != PHASE_BEFORE)
		return;
	call_off(l, PHASE_CANCELLED);
	set_mask(l->mask, NULL);
	raise_held(l);
}
