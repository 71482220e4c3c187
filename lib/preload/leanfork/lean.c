/* SPDX-License-Identifier: MIT */
/*
 * Lean fork: fork() without copying the caller's memory. A child that is about to exec needs next
 * to nothing of it.
 *
 * The prefix of a file says on which side of the fork it runs.
 *
 *   leanfork.h         the interface for the rest of the shim
 *   lean.c             this file: a fork from its beginning to its end
 *
 *   parent_lock.c      the queue: one lean fork at a time
 *   parent_seccomp.c   whether a seccomp filter would kill the process
 *   parent_charge.c    whether a native fork would be refused
 *   parent_native.c    an ordinary fork
 *   parent_split.c     a native fork that passes in the heuristic overcommit mode
 *   parent_plan.c      which memory is left out; ranges.c, prefetch.c and parent_threads.c help
 *   parent_dontfork.c  tells the kernel what is left out
 *   parent_clone.c     takes the place of libc's clone
 *   parent_serve.c     serves the child until it execs; parent_watch.c bounds the time
 *   parent_signals.c   signals that arrive meanwhile
 *   parent_survey.c    which pages of a range are resident
 *
 *   child.c            the first and the last steps; child_end.c, giving up
 *   child_fault.c      page faults; child_memory.c brings memory in
 *   child_calls.c      dispatched system calls
 *   child_whole.c      all memory, for a child that becomes an ordinary process;
 *                      child_enlarge.c makes each mapping one again
 *
 *   call_table.c       what each system call means; call.h, its interface
 *   call_*.c           calls that depend on their arguments
 *
 *   state.c            the memory of one fork
 *   mailbox.c          the memory that parent and child share
 *   trigger.h          what brings calls to these: of two kinds, one is there
 *   dispatch.c         Syscall User Dispatch; parent_dispatch.c, the parent's clone
 *   patch.c            traps in the child's text; patch_scan.c, where; patch_hook.c, libc's clone
 *   handler.c          handlers that return through the gate
 *   kernel_signals.c   signal actions and masks, by raw calls
 *   joined.c           where mappings end
 *   proc.c, maps.c     files of /proc
 *   gate_*.S           the only code here that makes system calls
 *
 *   absent.c           machines without lean fork: parent_split.c alone rescues
 *
 * The gate bypasses dispatch, even in a lean child. So nothing of the parent's half, this file
 * included, may run there.
 */
#include "preload/leanfork/leanfork.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/trigger.h"
#include "preload/leanfork/parent_seccomp.h"
#include "preload/leanfork/parent_lock.h"
#include "preload/leanfork/parent_split.h"
#include "preload/leanfork/parent_signals.h"
#include "preload/leanfork/parent_plan.h"
#include "preload/leanfork/proc.h"
#include "preload/leanfork/state.h"
#include "preload/leanfork/parent_clone.h"

#define MOST_ATTEMPTS 20 /* each failed because of other threads */
#define MOST_SIGNALS 20
#define UNTRIED ((pid_t)-2)

/* The lock is held from the making of this memory to its end. Otherwise another fork might leave it
 * out, or share it with its child, and it could be gone by that fork's clone. */
static struct lean *create(const struct lean_options *options, uint64_t mask)
{
	struct lean *l = state_create();
	if (!l)
		return NULL;
	l->options = *options;
	l->mask = mask;
	l->parent = (int)gate0(SYS_getpid);
	l->thread = (int)gate0(SYS_gettid);
	l->result = (struct lean_result){.outcome = LEAN_NATIVE, .call = LEAN_NO_CALL};
	l->mail = mailbox_create();
	if (l->mail)
		return l;
	state_destroy(l);
	return NULL;
}

static void destroy(struct lean *l)
{
	if (l->mail)
		mailbox_destroy(l->mail);
	if (l->settled)
		gate2(SYS_munmap, l->settled, l->settled_size);
	state_destroy(l);
}

/* What the kernel says of this thread and its process. */
struct surroundings {
	bool filtered; /* by seccomp */
	bool alone;    /* the only thread */
};

/* The lock is held, because another thread's native child would inherit the descriptor. */
static enum lean_reason look_around(const struct lean_options *options, struct surroundings *around)
{
	enum { THREADS, TRACER, MODE, FILTERS, LINES };
	struct proc_value of[LINES] = {[THREADS].name = "Threads:",
		[TRACER].name = "TracerPid:",
		[MODE].name = "Seccomp:",
		[FILTERS].name = "Seccomp_filters:"};
	if (!proc_values(PROC_SELF "status", of, LINES))
		return LEAN_KERNEL;
	around->alone = proc_number(of[THREADS].text) == 1;
	around->filtered = of[MODE].text[0] != '0';
	if (!seccomp_passes(of[MODE].text, of[FILTERS].text))
		return LEAN_KERNEL;
	if (stack_is_short())
		return LEAN_STACK;
	/* a debugger would stop at every signal of a lean fork */
	if (options->kind == LEAN_EAGER &&
		(of[TRACER].text[0] != '0' || proc_next_child_is_first()))
		return LEAN_FOREIGN;
	return LEAN_FINE;
}

/* What failed in one call of lean_fork. */
struct tries {
	int made, signals;
};

/* Sends what the lean child got from others before it was thrown away. */
static void pass_on(uint64_t signals, int deadly)
{
	static const struct kernel_action plain;
	long pid = gate0(SYS_getpid);
	for (int sig = 1; sig <= 64; sig++)
		if (signals & SIG_BIT(sig))
			gate2(SYS_kill, pid, sig);
	if (!deadly)
		return;
	set_action(deadly, &plain);
	set_mask(~SIG_BIT(deadly), NULL);
	gate2(SYS_kill, pid, deadly);
}

static pid_t end_in_child(struct lean *l)
{
	lock_reset();
	if (l->phase == PHASE_BEFORE) {
		if (l->mail)
			mailbox_progress(l->mail, PROGRESS_PROGRAM);
		return 0;
	}
	uint64_t passed_on = l->passed_on;
	int deadly = l->deadly;
	lean_active = NULL;
	destroy(l);
	pass_on(passed_on, deadly);
	return 0;
}

/* Returns as fork does. In the parent everything is as before. */
static pid_t do_fork(struct lean *l, struct lean_result *result, struct tries *tries)
{
	pid_t pid = l->options.libc_fork();
	if (pid == 0)
		return end_in_child(l);
	int saved_errno = errno;
	clone_call_close(l);
	lean_active = NULL;
	*result = l->result;
	tries->signals += l->interrupted;
	destroy(l);
	unlock_native();
	errno = saved_errno;
	return pid;
}

/* The program's mask. After too many signals it is full, so none is heeded. */
static uint64_t heeded(const struct tries *tries, uint64_t mask)
{
	return tries->signals < MOST_SIGNALS ? mask : UINT64_MAX;
}

/* A pending signal that is not blocked would natively be handled before the fork. So it is, when
 * the mask is restored. */
static enum lean_reason begin(
	const struct lean_options *options, uint64_t mask, struct tries *tries, struct lean **l)
{
	struct surroundings around;
	enum lean_reason reason = look_around(options, &around);
	if (reason != LEAN_FINE)
		return reason;
	if (pending_arrived(heeded(tries, mask))) {
		tries->signals++;
		return LEAN_BUSY;
	}
	*l = create(options, mask);
	if (!*l)
		return LEAN_MEMORY;
	(*l)->alone = around.alone;
	return trigger_arm(*l, around.filtered);
}

/* Returns as fork does, or UNTRIED with a reason. The lock is held and signals are blocked. */
static pid_t do_or_leave(const struct lean_options *options, uint64_t mask,
	struct lean_result *result, struct tries *tries)
{
	struct lean *l = NULL;
	result->reason = begin(options, mask, tries, &l);
	if (result->reason == LEAN_FINE) {
		l->heedless = tries->signals >= MOST_SIGNALS;
		return do_fork(l, result, tries);
	}
	if (l)
		destroy(l);
	unlock_lean();
	set_mask(mask, NULL);
	return UNTRIED;
}

static pid_t attempt(
	const struct lean_options *options, struct lean_result *result, struct tries *tries)
{
	uint64_t mask = 0;
	set_mask(UINT64_MAX, &mask);
	enum turn turn = lock_lean(heeded(tries, mask), tries->made == MOST_ATTEMPTS - 1);
	if (turn == TURN_TAKEN)
		return do_or_leave(options, mask, result, tries);
	set_mask(mask, NULL);
	tries->signals += turn == TURN_SIGNAL;
	result->reason = LEAN_BUSY;
	return UNTRIED;
}

static pid_t without(
	const struct lean_options *options, struct lean_result *result, enum lean_reason reason)
{
	result->reason = reason;
	if (options->kind == LEAN_EAGER || options->untried) {
		result->outcome = LEAN_NATIVE;
		return lean_native(options->libc_fork);
	}
	result->outcome = LEAN_FAILED;
	errno = ENOMEM;
	return -1;
}

/* Whether to try again. In a rescue other threads will be out of the way. After a signal, any fork
 * that has not been made is tried again. */
static bool is_worth_another(const struct lean_options *options, const struct lean_result *result,
	pid_t pid, const struct tries *tries, const struct tries *before)
{
	bool signalled = tries->signals > before->signals;
	if (pid >= 0 || result->reason != LEAN_BUSY)
		return false;
	if (pid == UNTRIED && signalled)
		return true;
	return options->kind == LEAN_RESCUE && tries->made < MOST_ATTEMPTS &&
	       (pid == UNTRIED || errno == ENOMEM);
}

pid_t lean_fork(const struct lean_options *options, struct lean_result *result)
{
	bool again = true;
	struct tries tries = {0};
	pid_t pid = UNTRIED;
	*result = (struct lean_result){.outcome = LEAN_NATIVE, .call = LEAN_NO_CALL};
	if (lean_is_child())
		return options->libc_fork();
	if (options->kind == LEAN_RESCUE && !options->untried) {
		pid = split_fork(options->libc_fork);
		if (pid >= 0 || errno != ENOMEM) {
			result->outcome = pid < 0 ? LEAN_FAILED : LEAN_DONE;
			return pid;
		}
	}
	if (!plan_possible())
		return without(options, result, LEAN_FOREIGN);
	if (!trigger_possible())
		return without(options, result, LEAN_KERNEL);
	while (again) {
		struct tries before = tries;
		pid = attempt(options, result, &tries);
		tries.made += tries.signals == before.signals;
		again = is_worth_another(options, result, pid, &tries, &before);
	}
	return pid == UNTRIED ? without(options, result, result->reason) : pid;
}
