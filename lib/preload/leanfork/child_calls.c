/* SPDX-License-Identifier: MIT */
/* The dispatched system calls of a lean child. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/leanfork/call.h"
#include "preload/leanfork/child.h"
#include "preload/leanfork/handler.h"

#define LONGEST_WAIT_MS 100

/* A dispatched call takes about 5 us; a native fork copies some 256 KiB in that time. */
#define CALLS_WORTHWHILE 1024
#define BYTES_PER_CALL ((uint64_t)256 << 10)

/* A write to a file does not wait. A larger write to anything else may. */
static bool goes_out_at_once(const struct call *call)
{
	struct stat file;
	if (gate2(SYS_fstat, call->args[0], &file) < 0 || S_ISREG(file.st_mode))
		return true;
	return call->nr == SYS_write && (size_t)call->args[2] <= 4096;
}

/* Waits only shortly, because a lean child cannot be interrupted and its parent waits. */
static bool ready(const struct call *call, enum verdict verdict)
{
	struct pollfd fd = {
		.fd = (int)call->args[0],
		.events = verdict == READS ? POLLIN : POLLOUT,
	};
	struct timespec longest = {0, LONGEST_WAIT_MS * 1000000L};
	if (fd.fd < 0) /* ppoll would ignore it, and wait */
		return true;
	if (verdict == WRITES && !goes_out_at_once(call))
		return false;
	return gate5(SYS_ppoll, &fd, 1, &longest, NULL, 8) != 0;
}

static bool may_do(struct lean *l, const struct call *call, enum verdict verdict)
{
	if (verdict == INVISIBLE)
		return true;
	if (verdict == LOOKUP)
		return l->n_deferred == 0;
	if (verdict == NEEDS_FULL_CHILD || l->options.kind == LEAN_EAGER)
		return false;
	if (verdict != VISIBLE && !ready(call, verdict))
		return false;
	mailbox_progress(l->mail, PROGRESS_NOTICED);
	return true;
}

enum handled {
	HANDLED,
	NOT_LEANLY, /* the call is not for a lean child */
	CUT_SHORT   /* the parent called the child back in it */
};

/* Whether a call transfers all there is unless a signal comes. */
static bool is_for_all(const struct call *call)
{
	return call->nr == SYS_write || (call->nr == SYS_recvfrom && call->args[3] & MSG_WAITALL);
}

static bool is_cut_short(const struct lean *l, const struct call *call)
{
	bool in_part = is_for_all(call) && call->result > 0 && call->result < call->args[2];
	return (in_part || call->result == -EINTR) && child_is_called_back(l);
}

/* A bad address may be the program's mistake or ours. The ordinary child gets the right answer when
 * it repeats the call. Judges have looked at addresses themselves. */
static enum handled handle(struct lean *l, struct call *call)
{
	const struct call_rule *rule = call_rule(call->nr);
	if (!rule)
		return NOT_LEANLY;
	enum verdict verdict = call_verdict(rule, l, call);
	if (verdict != DONE) {
		if (!args_bring(l, call, rule->args) || !may_do(l, call, verdict))
			return NOT_LEANLY;
		call->result = call_do(call);
	}
	if (is_cut_short(l, call))
		return CUT_SHORT;
	bool judged = verdict == DONE && l->options.kind == LEAN_RESCUE;
	return call->result == -EFAULT && !judged ? NOT_LEANLY : HANDLED;
}

/* The ordinary child makes the rest of the call, when the handler has returned. */
static void resume(ucontext_t *uc, const struct call *call, long done)
{
	step_back(uc, call->nr);
	if (done)
		context_resume(uc, call->args, done, gate_resume);
}

/* False: the child is ordinary now, and `resume` does the rest. */
static bool do_leanly(struct lean *l, ucontext_t *uc, struct call *call)
{
	long done = 0;
	for (;;) {
		switch (handle(l, call)) {
		case HANDLED:
			call->result = done && call->result < 0 ? done : call->result + done;
			return true;
		case NOT_LEANLY:
			l->mail->call = (uint32_t)call->nr;
			child_leave(l, uc, LEAN_CALL);
			resume(uc, call, done);
			return false;
		case CUT_SHORT:
			if (call->result > 0) {
				done += call->result;
				call->args[1] += call->result;
				call->args[2] -= call->result;
			}
			l->mail->call = (uint32_t)call->nr;
			if (child_answer(l, uc)) {
				resume(uc, call, done);
				return false;
			}
		}
	}
}

static bool is_pending(int sig)
{
	uint64_t pending = 0;
	gate2(SYS_rt_sigpending, &pending, 8);
	return pending & SIG_BIT(sig);
}

/* Natively the program would have this signal at once. Most programs end by it, which needs no
 * memory. The kernel keeps an ignored signal only because it is blocked. */
static void let_through(struct lean *l, ucontext_t *uc, int sig)
{
	struct kernel_action action = {.handler = KERNEL_DEFAULT};
	struct timespec at_once = {0, 0};
	uint64_t set = SIG_BIT(sig);
	gate4(SYS_rt_sigaction, sig, NULL, &action, 8);
	if (action.handler == KERNEL_IGNORE) {
		gate4(SYS_rt_sigtimedwait, &set, NULL, &at_once, 8);
		return;
	}
	if (l->options.kind == LEAN_EAGER)
		child_give_up(l, LEAN_CALL);
	if (action.handler == KERNEL_DEFAULT)
		set_mask(~set, NULL);
	if (!child_become_ordinary(l, uc))
		child_give_up(l, LEAN_MEMORY);
}

/* A call may raise a signal in the child itself. */
static void look_at_result(struct lean *l, ucontext_t *uc, long result)
{
	int sig = result == -EPIPE ? SIGPIPE : result == -EFBIG ? SIGXFSZ : 0;
	if (sig && !(l->mask & SIG_BIT(sig)) && is_pending(sig))
		let_through(l, uc, sig);
}

/* A program may close each possible descriptor. A native child does this sooner. */
static bool makes_too_many(struct lean *l)
{
	return l->options.kind == LEAN_EAGER &&
	       ++l->calls > CALLS_WORTHWHILE + l->result.bytes / BYTES_PER_CALL;
}

static bool is_on_own_stack(const struct lean *l, const ucontext_t *uc)
{
	uintptr_t at = context_stack(uc);
	return at >= (uintptr_t)l->alt && at < (uintptr_t)l->alt + sizeof l->alt;
}

/* The parent sent the signal, or somebody else: then it is for the program. */
static bool is_orphan(const struct lean *l)
{
	return gate0(SYS_getppid) != l->parent;
}

static void on_sent(struct lean *l, ucontext_t *uc, siginfo_t *info)
{
	if (child_is_called_back(l)) {
		child_answer(l, uc);
		return;
	}
	child_leave(l, uc, LEAN_FAULT);
	set_mask(UINT64_MAX, NULL);
	gate4(SYS_rt_tgsigqueueinfo, gate0(SYS_getpid), gate0(SYS_gettid), SIGSYS, info);
}

void child_do_call(struct lean *l, ucontext_t *uc)
{
	if (makes_too_many(l))
		child_give_up(l, LEAN_TIME);
	struct call call = call_of(uc);
	l->in_call = true;
	atomic_fetch_add(&l->mail->calls, 1);
	if (do_leanly(l, uc, &call)) {
		context_return(uc, call.result);
		look_at_result(l, uc, call.result);
	}
	l->in_call = false;
}

/* Its numbers mean something else. */
static void leave_for_foreign_call(struct lean *l, ucontext_t *uc)
{
	long nr = call_of(uc).nr;
	l->in_call = true;
	child_leave(l, uc, LEAN_CALL);
	step_back(uc, nr);
	l->in_call = false;
}

/* The handler may interrupt itself, to end a call that waits. Then it does nothing: a child that
 * has been called back answers in the end, or is called again. */
void child_on_call(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	struct lean *l = lean_active;

	(void)sig;
	if (is_on_own_stack(l, uc)) {
		if (info->si_code == SI_USER && is_orphan(l))
			child_give_up(l, LEAN_PARENT);
		return;
	}
	if (info->si_code != FROM_DISPATCH)
		on_sent(l, uc, info);
	else if (info->si_arch != MACHINE_AUDIT)
		leave_for_foreign_call(l, uc);
	else
		child_do_call(l, uc);
}
