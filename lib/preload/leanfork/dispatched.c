/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/audit.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/leanfork/calls.h"
#include "preload/leanfork/child.h"
#include "preload/leanfork/dispatch.h"

#define LONGEST_WAIT_MS 100

/* What is written to a file doesn't wait; to anything else more than that may. */
static bool goes_out_at_once(const struct call *call)
{
	struct stat file;
	if (gate2(SYS_fstat, call->args[0], &file) < 0 || S_ISREG(file.st_mode))
		return true;
	return call->nr == SYS_write && (size_t)call->args[2] <= 4096;
}

/* A lean child can't be interrupted, and its parent waits for it: only short waits. */
static bool ready(const struct call *call, enum verdict verdict)
{
	struct pollfd fd = {
		.fd = (int)call->args[0],
		.events = verdict == WAITS_IN ? POLLIN : POLLOUT,
	};
	struct timespec longest = {0, LONGEST_WAIT_MS * 1000000L};
	if (fd.fd < 0) /* ppoll would look at nothing, and wait */
		return true;
	if (verdict == WAITS_OUT && !goes_out_at_once(call))
		return false;
	return gate5(SYS_ppoll, &fd, 1, &longest, NULL, 8) != 0;
}

static bool may_do(struct lean *l, const struct call *call, enum verdict verdict)
{
	if (verdict == PRIVATE)
		return true;
	if (verdict == ORDINARY || l->wish.kind == LEAN_EAGER)
		return false;
	if (verdict != TELLING && !ready(call, verdict))
		return false;
	mailbox_progress(l->mail, PROGRESS_NOTICED);
	return true;
}

/*
 * Returns false if the call is not for a lean child. A bad address may be the program's mistake or
 * ours: to make the call again in an ordinary child gives the right answer either way.
 */
static bool handle(struct lean *l, struct call *call)
{
	const struct call_rule *rule = call_rule(call->nr);
	if (!rule)
		return false;
	enum verdict verdict = call_verdict(rule, l, call);
	if (verdict != ANSWERED) {
		args_bring(l, call, rule->args);
		if (!may_do(l, call, verdict))
			return false;
		call->result = call_do(call);
	}
	return call->result != -EFAULT;
}

void child_on_call(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	struct lean *l = lean_active;

	(void)sig;
	if (info->si_code != FROM_DISPATCH) {
		child_leave(l, uc, LEAN_TIME);
		return;
	}
	struct call call = call_of(uc);
	l->in_call = true;
	if (info->si_arch == AUDIT_ARCH_X86_64 && handle(l, &call)) {
		*reg(uc, REG_RAX) = call.result;
	} else {
		l->mail->call = (uint32_t)call.nr;
		child_leave(l, uc, LEAN_CALL);
		step_back(uc, call.nr);
	}
	l->in_call = false;
}
