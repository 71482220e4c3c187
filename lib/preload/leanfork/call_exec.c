/* SPDX-License-Identifier: MIT */
/*
 * exec of a lean child. Hazards:
 *
 *  1. The new program inherits the mask and the ignored signals. So the program's own are put in
 *     force before the call.
 *  2. A signal let through before the call must not run a handler of the program's, which could not
 *     run here. exec resets caught signals to their default, so this is done first.
 *  3. By then the parent's SIGSYS would kill, so a child that has been called back does not come
 *     here. Signals of the program's timers would kill, too; exec deletes these timers.
 *  4. Nothing can be brought in once SIGSEGV is the program's again. So all arguments come first.
 *  5. If exec fails, everything is put back in the reverse order.
 *  6. Deferred opens are made as late as possible, and only if exec is expected to succeed, because
 *     the child should not be thrown away after them (call_deferred.c).
 *  7. A stop signal would stop the child while its parent waits.
 */
#include "preload/leanfork/call_exec.h"

#include <errno.h>
#include <sys/syscall.h>

#include "preload/leanfork/child.h"
#include "preload/leanfork/call_deferred.h"
#include "preload/leanfork/call_limits.h"
#include "preload/leanfork/call_timers.h"

/* MAX_ARG_STRINGS of the kernel; memory ends long before. */
#define STRINGS_MAX 0x7fffffff

/* Returns how many bytes the strings take on the new program's stack. */
static size_t bring_strings(struct lean *l, uintptr_t at)
{
	size_t bytes = 0;
	if (!at)
		return 0;
	for (size_t i = 0; i < STRINGS_MAX; i++, at += sizeof(uintptr_t)) {
		if (!args_reach(l, at, sizeof(uintptr_t)))
			break;
		uintptr_t string = *(const uintptr_t *)at;
		long len = string ? args_reach_string(string) : -1;
		if (len < 0)
			break;
		bytes += (size_t)len + 1 + sizeof string;
	}
	return bytes;
}

/* Hazard 6. Returns whether to try exec; otherwise its result is set. */
static bool may_try(struct lean *l, struct call *call, size_t bytes)
{
	if (l->n_deferred == 0)
		return true;
	long r = deferred_expects(call, bytes);
	if (r > 0)
		child_give_up_at(l, call->nr);
	call->result = r;
	return r == 0;
}

/* Hazard 2. */
static void drop_handlers(struct lean *l)
{
	static const struct kernel_action plain;
	l->handled = 0;
	for (int sig = 1; sig <= 64; sig++) {
		struct kernel_action *action = &l->handlers[sig];
		if (SIG_BIT(sig) & (HANDLED_SIGNALS | SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP)))
			continue;
		if (gate4(SYS_rt_sigaction, sig, NULL, action, 8) < 0 ||
			action->handler <= KERNEL_IGNORE)
			continue;
		set_action(sig, &plain);
		l->handled |= SIG_BIT(sig);
	}
}

static void restore_handlers(struct lean *l)
{
	for (int sig = 1; sig <= 64; sig++)
		if (l->handled & SIG_BIT(sig))
			set_action(sig, &l->handlers[sig]);
}

static void show_ignored(const struct lean *l)
{
	static const struct kernel_action plain = {.handler = KERNEL_DEFAULT},
					  ignore = {.handler = KERNEL_IGNORE};
	for (int sig = 1; sig < 32; sig++)
		if (SIG_BIT(sig) & HANDLED_SIGNALS)
			set_action(
				sig, l->actions[sig].handler == KERNEL_IGNORE ? &ignore : &plain);
}

/* Hazard 7: an ordinary child may stop. */
static bool is_about_to_stop(const struct lean *l)
{
	static const int stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};
	uint64_t pending = 0;
	gate2(SYS_rt_sigpending, &pending, 8);
	for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
		struct kernel_action action = {.handler = KERNEL_IGNORE};
		if (!(pending & ~l->mask & SIG_BIT(stops[i])))
			continue;
		gate4(SYS_rt_sigaction, stops[i], NULL, &action, 8);
		if (action.handler == KERNEL_DEFAULT)
			return true;
	}
	return false;
}

enum verdict exec_call(struct lean *l, struct call *call)
{
	bool at = call->nr == SYS_execveat;

	if (call->args[at])
		args_reach_string((uintptr_t)call->args[at]);
	size_t bytes = bring_strings(l, (uintptr_t)call->args[at + 1]);
	bytes += bring_strings(l, (uintptr_t)call->args[at + 2]);
	if (!may_try(l, call, bytes))
		return DONE;

	if (is_about_to_stop(l))
		return NEEDS_FULL_CHILD;
	if (!mailbox_go_on(l->mail, STAGE_RUNNING, STAGE_EXEC)) { /* called back */
		call->result = -EINTR;
		return DONE;
	}
	child_mind_parent_no_more(l);
	timers_stop(l);
	drop_handlers(l);
	show_ignored(l);
	limits_enforce(l);
	if (!deferred_make(l))
		child_give_up_at(l, call->nr);
	set_mask(l->mask, NULL);
	call->result = call_do(call);
	set_mask(~SIG_BIT(SIGSEGV), NULL);
	limits_relax(l);
	child_set_handlers();
	restore_handlers(l);
	timers_go_on(l);
	child_mind_parent();
	set_mask(~(SIG_BIT(SIGSEGV) | SIG_BIT(SIGSYS)), NULL);
	atomic_store(&l->mail->stage, STAGE_RUNNING);
	return DONE;
}
