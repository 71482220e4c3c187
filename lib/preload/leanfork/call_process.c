/* SPDX-License-Identifier: MIT */
/* Calls about processes and threads. */
#include <errno.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "preload/leanfork/child.h"
#include "preload/leanfork/call.h"
#include "preload/leanfork/child_memory.h"

/* While there is a native fork to fall back on, the native child is to exit. */
enum verdict judge_exit(struct lean *l, struct call *call)
{
	(void)call;
	if (l->options.kind == LEAN_EAGER)
		child_give_up(l, LEAN_EXIT);
	return INVISIBLE;
}

enum verdict judge_self(struct lean *l, struct call *call)
{
	(void)l;
	return call->args[0] == 0 || call->args[0] == gate0(SYS_getpid) ? INVISIBLE : VISIBLE;
}

enum verdict judge_priority(struct lean *l, struct call *call)
{
	(void)l;
	long process = call->nr == SYS_ioprio_set ? 1 : PRIO_PROCESS;
	bool self = call->args[1] == 0 || call->args[1] == gate0(SYS_getpid);
	return call->args[0] == process && self ? INVISIBLE : VISIBLE;
}

/* The kernel has one such signal, which is in use (child.c, hazard 7). */
static enum verdict set_death_signal(struct lean *l, struct call *call)
{
	if (call->args[1] < 0 || call->args[1] > 64)
		return INVISIBLE;
	l->death_signal = (int)call->args[1];
	child_mind_parent();
	call->result = 0;
	return DONE;
}

static enum verdict get_death_signal(struct lean *l, struct call *call)
{
	int *signal = (int *)call->args[1];
	bool there = args_reach_output(l, (uintptr_t)signal, sizeof *signal);
	if (there)
		*signal = child_death_signal(l);
	call->result = there ? 0 : -EFAULT;
	return DONE;
}

enum verdict judge_prctl(struct lean *l, struct call *call)
{
	switch (call->args[0]) {
	case PR_SET_NAME:
	case PR_GET_NAME:
		memory_bring(l, (uintptr_t)call->args[1], 16);
		return INVISIBLE;
	case PR_SET_PDEATHSIG:
		return set_death_signal(l, call);
	case PR_GET_PDEATHSIG:
		return get_death_signal(l, call);
	case PR_GET_CHILD_SUBREAPER:
		memory_bring(l, (uintptr_t)call->args[1], sizeof(int));
		return INVISIBLE;
	case PR_SET_DUMPABLE:
	case PR_GET_DUMPABLE:
	case PR_SET_KEEPCAPS:
	case PR_GET_KEEPCAPS:
	case PR_SET_NO_NEW_PRIVS:
	case PR_GET_NO_NEW_PRIVS:
	case PR_CAPBSET_READ:
	case PR_CAPBSET_DROP:
	case PR_CAP_AMBIENT:
	case PR_SET_SECUREBITS:
	case PR_GET_SECUREBITS:
	case PR_SET_TIMERSLACK:
	case PR_GET_TIMERSLACK:
	case PR_SET_CHILD_SUBREAPER:
	case PR_SET_THP_DISABLE:
	case PR_GET_THP_DISABLE:
	case PR_GET_SECCOMP:
		return INVISIBLE;
	default:
		return NEEDS_FULL_CHILD;
	}
}

/* A wake-up with nobody to wake does nothing. A wait depends on others. */
enum verdict judge_futex(struct lean *l, struct call *call)
{
	(void)l;
	long op = call->args[1] & ~(long)FUTEX_CLOCK_REALTIME;
	return op == FUTEX_WAKE_PRIVATE || op == FUTEX_WAKE_BITSET_PRIVATE ? INVISIBLE
									   : NEEDS_FULL_CHILD;
}

/* The kernel has one such list, which tells the parent of the child's end. In a rescue the child
 * may hold shared locks. */
enum verdict judge_robust_list(struct lean *l, struct call *call)
{
	if (call->args[1] != sizeof(struct robust_head))
		return INVISIBLE;
	l->robust = (struct robust_head *)call->args[0];
	if (l->options.kind == LEAN_RESCUE &&
		args_reach(l, (uintptr_t)l->robust, sizeof *l->robust))
		mailbox_chain(l->mail, l->robust);
	call->result = 0;
	return DONE;
}
