/* SPDX-License-Identifier: MIT */
/* The end of a lean child: its parent forks natively, or fork fails. */
#include "preload/leanfork/child_end.h"

#include <sys/syscall.h>

#include "preload/leanfork/call_signals.h"

_Noreturn void child_give_up(struct lean *l, enum lean_reason reason)
{
	l->mail->reason = reason;
	l->mail->signals = signals_of_others();
	atomic_store(&l->mail->stage, STAGE_GAVE_UP);
	for (;;)
		gate1(SYS_exit_group, 127);
}

_Noreturn void child_give_up_at(struct lean *l, long call)
{
	l->mail->call = (uint32_t)call;
	child_give_up(l, LEAN_CALL);
}
