/* SPDX-License-Identifier: MIT */
/* Signals for the forking thread while they are blocked. */
#include "preload/leanfork/parent_signals.h"

#include <signal.h>
#include <sys/syscall.h>

#include "preload/leanfork/gate.h"
#include "preload/leanfork/kernel_signals.h"

#define STOPPING (SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU))
#define HARMLESS (SIG_BIT(SIGCHLD) | SIG_BIT(SIGCONT) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH))

enum effect { EFFECT_NONE, EFFECT_HANDLER, EFFECT_STOP, EFFECT_END };

static enum effect effect_of(int sig)
{
	struct kernel_action action = {.handler = KERNEL_IGNORE};
	gate4(SYS_rt_sigaction, sig, NULL, &action, 8);
	if (action.handler > KERNEL_IGNORE)
		return EFFECT_HANDLER;
	if (action.handler == KERNEL_IGNORE || SIG_BIT(sig) & HARMLESS)
		return EFFECT_NONE;
	return SIG_BIT(sig) & STOPPING ? EFFECT_STOP : EFFECT_END;
}

static uint64_t pending(uint64_t mask)
{
	uint64_t set = 0;
	gate2(SYS_rt_sigpending, &set, 8);
	return set & ~mask;
}

bool pending_arrived(uint64_t mask)
{
	uint64_t set = pending(mask);
	for (int sig = 1; set; sig++, set >>= 1)
		if (set & 1 && effect_of(sig) != EFFECT_NONE)
			return true;
	return false;
}

static void unblock_for_a_moment(int sig)
{
	uint64_t blocked = 0;
	gate4(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &blocked, 8);
	set_mask(blocked & ~SIG_BIT(sig), NULL);
	set_mask(blocked, NULL);
}

uint64_t pending_let_through(uint64_t mask, uint64_t *stopped)
{
	uint64_t set = pending(mask), handled = 0;
	for (int sig = 1; set; sig++, set >>= 1) {
		enum effect effect = set & 1 ? effect_of(sig) : EFFECT_NONE;
		if (effect == EFFECT_HANDLER)
			handled |= SIG_BIT(sig);
		if (effect == EFFECT_STOP)
			*stopped |= SIG_BIT(sig);
		if (effect == EFFECT_STOP || effect == EFFECT_END)
			unblock_for_a_moment(sig);
	}
	return handled;
}
