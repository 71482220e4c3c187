/* SPDX-License-Identifier: MIT */
/* Timers of a lean child. */
#include "preload/leanfork/call_timers.h"

#include <errno.h>
#include <sys/syscall.h>

#include "preload/leanfork/child_end.h"

#define KERNEL_SIGEVENT 64 /* sizeof(struct sigevent) */

static struct own_timer *find(struct lean *l, long id)
{
	for (size_t i = 0; i < l->n_timers; i++)
		if (l->timers[i].id == (int)id)
			return &l->timers[i];
	return NULL;
}

/* The signal of a new timer; 0: none; -1: not for a lean child. */
static int signal_of(struct lean *l, uintptr_t at)
{
	if (!at)
		return SIGALRM;
	if (!args_reach(l, at, KERNEL_SIGEVENT))
		return -1;
	const struct sigevent *event = (const struct sigevent *)at;
	if (event->sigev_notify == SIGEV_NONE)
		return 0;
	int sig = event->sigev_signo;
	return event->sigev_notify == SIGEV_SIGNAL && sig > 0 && sig <= 64 &&
			       !(SIG_BIT(sig) & HANDLED_SIGNALS)
		       ? sig
		       : -1;
}

enum verdict timers_create(struct lean *l, struct call *call)
{
	int sig = signal_of(l, (uintptr_t)call->args[1]);
	const int *id = (const int *)call->args[2];
	if (sig < 0 || l->n_timers == OWN_TIMERS || !args_reach(l, (uintptr_t)id, sizeof *id))
		return NEEDS_FULL_CHILD;
	call->result = call_do(call);
	if (call->result == 0)
		l->timers[l->n_timers++] = (struct own_timer){.id = *id, .sig = sig};
	return DONE;
}

/* A timer that the program does not know, such as ours, does not exist. */
enum verdict timers_own(struct lean *l, struct call *call)
{
	call->result = -EINVAL;
	return find(l, call->args[0]) ? INVISIBLE : DONE;
}

enum verdict timers_delete(struct lean *l, struct call *call)
{
	struct own_timer *timer = find(l, call->args[0]);
	call->result = -EINVAL;
	if (!timer)
		return DONE;
	*timer = l->timers[--l->n_timers];
	return INVISIBLE;
}

/* Returns whether a timer's signal was taken. One that came by other means stays. */
static bool take_back(int sig)
{
	uint64_t set = SIG_BIT(sig);
	struct timespec at_once = {0, 0};
	siginfo_t info;
	if (gate4(SYS_rt_sigtimedwait, &set, &info, &at_once, 8) != sig)
		return false;
	if (info.si_code != SI_TIMER)
		gate3(SYS_tgkill, gate0(SYS_getpid), gate0(SYS_gettid), sig);
	return info.si_code == SI_TIMER;
}

/* Whether the signal would have ended or stopped the program. */
static bool is_deadly(const struct lean *l, int sig)
{
	const uint64_t harmless =
		SIG_BIT(SIGCHLD) | SIG_BIT(SIGCONT) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH);
	struct kernel_action action;
	if ((l->mask | harmless) & SIG_BIT(sig))
		return false;
	return gate4(SYS_rt_sigaction, sig, NULL, &action, 8) == 0 &&
	       action.handler == KERNEL_DEFAULT;
}

/* Natively the child would not have reached exec. In a rescue the signal is let through with the
 * others. */
static void had_expired(struct lean *l, int sig)
{
	if (!is_deadly(l, sig))
		return;
	if (l->options.kind == LEAN_EAGER)
		child_give_up(l, LEAN_TIME);
	gate3(SYS_tgkill, gate0(SYS_getpid), gate0(SYS_gettid), sig);
}

void timers_stop(struct lean *l)
{
	static const struct itimerspec never;
	for (size_t i = 0; i < l->n_timers; i++) {
		struct own_timer *timer = &l->timers[i];
		/* disarming takes the signal back in some versions of Linux */
		bool expired = timer->sig && take_back(timer->sig);
		gate4(SYS_timer_settime, timer->id, 0, &never, &timer->left);
		if (timer->sig && (take_back(timer->sig) || expired))
			had_expired(l, timer->sig);
	}
}

void timers_go_on(struct lean *l)
{
	for (size_t i = 0; i < l->n_timers; i++)
		gate4(SYS_timer_settime, l->timers[i].id, 0, &l->timers[i].left, NULL);
}
