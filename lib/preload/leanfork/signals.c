/* SPDX-License-Identifier: MIT */
#include "preload/leanfork/signals.h"

#include <errno.h>
#include <sys/syscall.h>

static enum verdict answer(struct call *call, long result)
{
	call->result = result;
	return ANSWERED;
}

/* Results go out only when all else is known to be right, as in the kernel. */
enum verdict signals_mask(struct lean *l, struct call *call)
{
	const uint64_t *set = (const uint64_t *)call->args[1];
	uint64_t *old = (uint64_t *)call->args[2];
	uint64_t before = l->mask;

	if (call->args[3] != sizeof *set)
		return answer(call, -EINVAL);
	if ((set && !args_reach(l, (uintptr_t)set, sizeof *set)) ||
		(old && !args_reach_output(l, (uintptr_t)old, sizeof *old)))
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
	if (old)
		*old = before;
	return answer(call, 0);
}

enum verdict signals_action(struct lean *l, struct call *call)
{
	long sig = call->args[0];
	const struct kernel_action *action = (const struct kernel_action *)call->args[1];
	struct kernel_action *old = (struct kernel_action *)call->args[2];

	if (sig < 1 || sig > 31 || !(SIG_BIT(sig) & OURS))
		return PRIVATE;
	if (call->args[3] != 8)
		return answer(call, -EINVAL);
	if ((action && !args_reach(l, (uintptr_t)action, sizeof *action)) ||
		(old && !args_reach_output(l, (uintptr_t)old, sizeof *old)))
		return answer(call, -EFAULT);
	struct kernel_action before = l->actions[sig];
	if (action)
		l->actions[sig] = *action;
	if (old)
		*old = before;
	return answer(call, 0);
}

/* Only what is plainly right; anything else is for the kernel, in an ordinary child. */
enum verdict signals_stack(struct lean *l, struct call *call)
{
	const stack_t *stack = (const stack_t *)call->args[0];
	stack_t *old = (stack_t *)call->args[1];

	if ((stack && !args_reach(l, (uintptr_t)stack, sizeof *stack)) ||
		(old && !args_reach_output(l, (uintptr_t)old, sizeof *old)))
		return answer(call, -EFAULT);
	if (stack && stack->ss_flags != SS_DISABLE &&
		(stack->ss_flags != 0 || stack->ss_size < 16384))
		return ORDINARY;
	stack_t before = l->alt_stack;
	if (stack)
		l->alt_stack = *stack;
	if (old)
		*old = before;
	return answer(call, 0);
}

uint64_t signals_of_others(const struct lean *l)
{
	uint64_t pending = 0, sent = SIG_BIT(SIGHUP) | SIG_BIT(SIGINT) | SIG_BIT(SIGQUIT) |
				     SIG_BIT(SIGTERM) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGUSR1) |
				     SIG_BIT(SIGUSR2);
	for (size_t i = 0; i < l->n_timers; i++)
		if (l->timers[i].sig)
			sent &= ~SIG_BIT(l->timers[i].sig);
	gate2(SYS_rt_sigpending, &pending, 8);
	return pending & sent;
}
