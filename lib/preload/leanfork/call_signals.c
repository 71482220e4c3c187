/* SPDX-License-Identifier: MIT */
/* Calls about signals: the mask and actions as the program sees them. */
#include "preload/leanfork/call_signals.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

#define MOST_SIGNALS 1024 /* taken one by one */

static enum verdict answer(struct call *call, long result)
{
	call->result = result;
	return DONE;
}

/* As in the kernel, the change is made even if the old value cannot be written. */
static enum verdict hand_out(
	struct lean *l, struct call *call, void *to, const void *before, size_t size)
{
	if (to && !args_reach_output(l, (uintptr_t)to, size))
		return answer(call, -EFAULT);
	if (to)
		copy_bytes(to, before, size);
	return answer(call, 0);
}

enum verdict signals_mask(struct lean *l, struct call *call)
{
	const uint64_t *set = (const uint64_t *)call->args[1];
	uint64_t *old = (uint64_t *)call->args[2];
	uint64_t before = l->mask;

	if (call->args[3] != sizeof *set)
		return answer(call, -EINVAL);
	if (set && !args_reach(l, (uintptr_t)set, sizeof *set))
		return answer(call, -EFAULT);
	if (set) {
		uint64_t wanted = *set & ~(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP));
		switch (call->args[0]) {
		case SIG_BLOCK:
			l->mask |= wanted;
			break;
		case SIG_UNBLOCK:
			l->mask &= ~wanted;
			break;
		case SIG_SETMASK:
			l->mask = wanted;
			break;
		default:
			return answer(call, -EINVAL);
		}
	}
	return hand_out(l, call, old, &before, sizeof before);
}

enum verdict signals_action(struct lean *l, struct call *call)
{
	long sig = call->args[0];
	const struct kernel_action *action = (const struct kernel_action *)call->args[1];
	struct kernel_action *old = (struct kernel_action *)call->args[2];

	if (sig < 1 || sig > 31 || !(SIG_BIT(sig) & HANDLED_SIGNALS))
		return INVISIBLE;
	if (call->args[3] != 8)
		return answer(call, -EINVAL);
	if (action && !args_reach(l, (uintptr_t)action, sizeof *action))
		return answer(call, -EFAULT);
	struct kernel_action before = l->actions[sig];
	if (action)
		l->actions[sig] = *action;
	return hand_out(l, call, old, &before, sizeof before);
}

static bool is_on(const stack_t *stack, uintptr_t at)
{
	return at - (uintptr_t)stack->ss_sp - 1 < stack->ss_size;
}

/* Does only what is clearly valid. The kernel answers the rest, in an ordinary child. */
enum verdict signals_stack(struct lean *l, struct call *call)
{
	const stack_t *stack = (const stack_t *)call->args[0];
	stack_t *old = (stack_t *)call->args[1];

	if (is_on(&l->alt_stack, call->stack))
		return NEEDS_FULL_CHILD;
	if (stack && !args_reach(l, (uintptr_t)stack, sizeof *stack))
		return answer(call, -EFAULT);
	if (stack && stack->ss_flags != SS_DISABLE &&
		(stack->ss_flags != 0 || stack->ss_size < 16384))
		return NEEDS_FULL_CHILD;
	stack_t before = l->alt_stack;
	if (stack)
		l->alt_stack = *stack;
	return hand_out(l, call, old, &before, sizeof before);
}

/* The child causes some itself: by timers, a limit, a broken pipe. A terminal's come from the
 * kernel, too. */
static bool is_of_others(const siginfo_t *info)
{
	static const uint64_t timed = SIG_BIT(SIGALRM) | SIG_BIT(SIGVTALRM) | SIG_BIT(SIGPROF) |
				      SIG_BIT(SIGXCPU) | SIG_BIT(SIGCHLD),
			      raised = SIG_BIT(SIGPIPE) | SIG_BIT(SIGXFSZ);
	if (info->si_code == SI_KERNEL)
		return !(SIG_BIT(info->si_signo) & timed);
	if (info->si_pid == (int)gate0(SYS_getpid) && SIG_BIT(info->si_signo) & raised)
		return false;
	return info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL;
}

uint64_t signals_of_others(void)
{
	uint64_t all = ~HANDLED_SIGNALS, found = 0;
	struct timespec at_once = {0, 0};
	siginfo_t info;
	for (int i = 0; i < MOST_SIGNALS; i++) {
		info.si_signo = 0;
		if (gate4(SYS_rt_sigtimedwait, &all, &info, &at_once, 8) <= 0)
			break;
		if (is_of_others(&info))
			found |= SIG_BIT(info.si_signo);
	}
	return found;
}
