/* SPDX-License-Identifier: MIT */
/* Syscall User Dispatch, by raw calls. */
#include "preload/leanfork/dispatch.h"

#include <sys/syscall.h>

#include "preload/leanfork/handler.h"
#include "preload/leanfork/trigger.h"

#define SET_DISPATCH 59

long dispatch_on(void)
{
	return gate5(SYS_prctl, SET_DISPATCH, 1, gate_start, gate_end - gate_start, NULL);
}

void dispatch_off(void)
{
	gate5(SYS_prctl, SET_DISPATCH, 0, 0, 0, 0);
}

/* A seccomp filter may send SIGSYS for the prctl that starts dispatch. */
static void on_dispatch(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	if (info->si_code != FROM_DISPATCH)
		gate1(SYS_exit_group, 1);
	context_return(context, 0);
}

void trigger_try(void)
{
	set_handler(SIGSYS, on_dispatch, 0, SIG_BIT(SIGSEGV), NULL);
	set_mask(~SIG_BIT(SIGSYS), NULL);
	if (dispatch_on() < 0)
		return;
	call_outside(SYS_getpid);
	dispatch_off();
}

/* A program that dispatches calls needs SA_SIGINFO, to learn which call it was. Ruby has such
 * handlers for all signals; its handler for SIGSYS returns at once. */
bool dispatch_is_foreign(const struct kernel_action *action)
{
	static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa}, ret = 0xc3;
	const unsigned char *code = (const unsigned char *)action->handler;
	size_t same = 0;
	if (action->handler <= KERNEL_IGNORE || !(action->flags & SA_SIGINFO))
		return false;
	while (same < sizeof endbr64 && code[same] == endbr64[same])
		same++;
	return code[same == sizeof endbr64 ? same : 0] != ret;
}

bool trigger_prepare(struct lean *l)
{
	(void)l;
	return true;
}

long trigger_start(struct lean *l)
{
	(void)l;
	return dispatch_on();
}

bool trigger_stop(struct lean *l)
{
	(void)l;
	return true;
}

void trigger_stopped(void)
{
	dispatch_off();
}

bool trigger_misses_new_code(void)
{
	return false;
}

/* SIGSYS has its own. */
long trigger_set_handlers(uint64_t let_through)
{
	(void)let_through;
	return 0;
}
