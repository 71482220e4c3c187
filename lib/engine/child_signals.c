/* SPDX-License-Identifier: MIT */
/* The child's dispositions and mask. The rules of child.c apply. */
#include "engine/syscall.h"

#ifdef ENGINE_RAW

#include "engine/child_signals.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "base/kernel_action.h"

#define SET_SIZE sizeof(kernel_sigset)

static PLAIN bool has_handler(int sig)
{
	struct kernel_action action;
	if (raw4(SYS_rt_sigaction, sig, 0, &action, SET_SIZE) < 0)
		return false;
	return action.handler != KERNEL_DEFAULT && action.handler != KERNEL_IGNORE;
}

static PLAIN long set_default(int sig)
{
	static const struct kernel_action action = {.handler = KERNEL_DEFAULT};
	return raw4(SYS_rt_sigaction, sig, &action, 0, SET_SIZE);
}

#define BIT(sig) ((kernel_sigset)1 << ((sig)-1))

/* Ignoring a signal discards it. A handled signal gets the default action later anyway. */
static PLAIN void discard(int sig)
{
	struct kernel_action ignore, old;
	ignore.handler = KERNEL_IGNORE;
	ignore.flags = 0;
	ignore.restorer = 0;
	ignore.mask = 0;
	if (raw4(SYS_rt_sigaction, sig, &ignore, &old, SET_SIZE) == 0 &&
		old.handler != KERNEL_IGNORE)
		set_default(sig);
}

void PLAIN ss__child_discard_stops(void)
{
	kernel_sigset pending = 0;
	raw2(SYS_rt_sigpending, &pending, SET_SIZE);
	if (pending & BIT(SIGTSTP))
		discard(SIGTSTP);
	if (pending & BIT(SIGTTIN))
		discard(SIGTTIN);
	if (pending & BIT(SIGTTOU))
		discard(SIGTTOU);
}

long PLAIN ss__child_dispositions(const struct job *job)
{
	if (!job->reset_handlers && !job->sigdefault)
		return 0;
	for (int sig = 1; sig <= 64; sig++) {
		bool wanted = job->sigdefault >> (sig - 1) & 1;
		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		if (!wanted && !(job->reset_handlers && has_handler(sig)))
			continue;
		long result = set_default(sig);
		if (result < 0 && wanted)
			return result;
	}
	return 0;
}

long PLAIN ss__child_mask(const struct job *job)
{
	return raw4(SYS_rt_sigprocmask, SIG_SETMASK, &job->mask, 0, SET_SIZE);
}

#endif
