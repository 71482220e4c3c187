/* SPDX-License-Identifier: MIT */
/*
 * Lean fork: fork() without the caller's memory, of which a child that is about to exec needs next
 * to nothing.
 *
 *   lean.c        this: a fork from its beginning to its end
 *   lock.c        one at a time
 *   window.c      the parent's half, in place of libc's clone
 *   charge.c      whether a native fork would be refused
 *   proc.c        what the kernel tells of a process
 *   plan.c        what is left out; ranges.c and hot.c, the pure parts of it
 *   marks.c       how the kernel is told
 *   serve.c       the parent until the child execs
 *   mailbox.c     what the two of them share
 *   child.c       the child until it execs: fault.c, memory.c, dispatched.c
 *   calls.c       what its system calls mean; args.c, files.c, process.c, mappings.c, limits.c,
 *                 signals.c, timers.c, exec.c
 *   gate.c        the only code that makes system calls here
 *
 * In a lean child the gate is a way past its own dispatch: nothing of the parent's half, this file
 * included, may run there.
 */
#include "preload/leanfork/lean.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/dispatch.h"
#include "preload/leanfork/lock.h"
#include "preload/leanfork/plan.h"
#include "preload/leanfork/proc.h"
#include "preload/leanfork/state.h"
#include "preload/leanfork/window.h"

#define MOST_TRIES 5

struct lean *lean_active;

static struct lean *create(const struct lean_wish *wish)
{
	long at = gate6(SYS_mmap, 0, sizeof(struct lean), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096)
		return NULL;
	struct lean *l = (struct lean *)at;
	l->wish = *wish;
	l->parent = (int)gate0(SYS_getpid);
	l->thread = (int)gate0(SYS_gettid);
	l->result = (struct lean_result){.outcome = LEAN_NATIVE, .call = LEAN_NO_CALL};
	return l;
}

static void drop_mailbox(struct lean *l)
{
	if (l->mail)
		mailbox_destroy(l->mail);
	l->mail = NULL;
}

static void destroy(struct lean *l)
{
	drop_mailbox(l);
	if (l->settled)
		gate2(SYS_munmap, l->settled, l->settled_size);
	gate2(SYS_munmap, l, sizeof *l);
}

/* Whether a line of a thread's status says anything but `usual`. */
static bool unusual(const char *status, const char *name, char usual)
{
	const char *at = proc_line(status, name);
	return !at || *at != usual;
}

/* Such a process would take the namespace with it when it is thrown away. */
static bool first_of_pid_namespace(void)
{
	char name[64];
	return gate3(SYS_readlink, PROC_SELF "ns/pid_for_children", name, sizeof name) < 0 &&
	       gate3(SYS_readlink, PROC_SELF "ns/pid", name, sizeof name) > 0;
}

/*
 * A seccomp filter may send SIGSYS for what is done here, so with one only a program without a
 * handler for it is tried. A debugger would stop at every signal that a lean fork lives by.
 */
static enum lean_reason look_around(const struct lean *l)
{
	char text[4096];
	if (dispatch_is_foreign(&l->actions[1]))
		return LEAN_SIGSYS;
	if (!proc_read(PROC_SELF "status", text, sizeof text))
		return LEAN_KERNEL;
	if (l->wish.kind == LEAN_EAGER &&
		(unusual(text, "TracerPid:\t", '0') || first_of_pid_namespace()))
		return LEAN_FOREIGN;
	bool handled = l->actions[1].handler > 1;
	return handled && unusual(text, "Seccomp:\t", '0') ? LEAN_SIGSYS : LEAN_FINE;
}

/* Only SIGSYS, and SIGSEGV if the program lets it through, arrive from here on. */
static void block_signals(struct lean *l)
{
	set_mask(~SIG_BIT(SIGSYS), &l->mask);
	set_mask(~SIG_BIT(SIGSYS) & (l->mask | ~SIG_BIT(SIGSEGV)), NULL);
}

/* What can be said before libc's fork begins. The lock is held and signals are blocked. The mailbox is
 * there only as long as that: among another fork's shared memory it may be gone by the clone. */
static enum lean_reason open_window(struct lean *l)
{
	struct kernel_action *before = &l->actions[1];
	l->mail = mailbox_create();
	if (!l->mail)
		return LEAN_MEMORY;
	if (gate4(SYS_rt_sigaction, SIGSYS, NULL, before, 8) < 0)
		return LEAN_KERNEL;
	enum lean_reason reason = look_around(l);
	if (reason != LEAN_FINE)
		return reason;
	lean_active = l;
	set_handler(SIGSYS, window_on_call, 0, NULL);
	if (dispatch_on() == 0)
		return LEAN_FINE;
	set_action(SIGSYS, before);
	lean_active = NULL;
	return LEAN_KERNEL;
}

/* Returns as fork does; in the parent with everything as it was. */
static pid_t do_fork(struct lean *l)
{
	pid_t pid = l->wish.libc_fork();
	if (pid == 0) {
		lock_reset();
		if (l->phase == PHASE_BEFORE) {
			l->on_its_way = true;
			return 0;
		}
		lean_active = NULL;
		destroy(l);
		return 0;
	}
	int error = errno;
	window_close(l);
	lean_active = NULL;
	drop_mailbox(l);
	unlock_native();
	errno = error;
	return pid;
}

static pid_t attempt(struct lean *l)
{
	block_signals(l);
	bool locked = lock_lean(l->wish.kind == LEAN_RESCUE);
	l->result.reason = locked ? open_window(l) : LEAN_BUSY;
	if (l->result.reason == LEAN_FINE)
		return do_fork(l);
	drop_mailbox(l);
	if (locked)
		unlock_lean();
	set_mask(l->mask, NULL);
	return -1;
}

pid_t lean_native(pid_t (*libc_fork)(void))
{
	if (lean_is_child())
		return libc_fork();
	lock_native();
	pid_t pid = libc_fork();
	if (pid == 0)
		lock_reset();
	else
		unlock_native();
	return pid;
}

static pid_t without(const struct lean_wish *wish, struct lean_result *result,
	enum lean_reason reason)
{
	result->reason = reason;
	if (wish->kind == LEAN_EAGER || wish->untried) {
		result->outcome = LEAN_NATIVE;
		return lean_native(wish->libc_fork);
	}
	result->outcome = LEAN_FAILED;
	errno = ENOMEM;
	return -1;
}

/* Returns as fork does, with *phase how far it came; PHASE_BEFORE: it has not been tried. */
static pid_t once(const struct lean_wish *wish, struct lean_result *result, enum phase *phase)
{
	*result = (struct lean_result){.outcome = LEAN_NATIVE, .call = LEAN_NO_CALL};
	*phase = PHASE_BEFORE;
	struct lean *l = create(wish);
	if (!l) {
		result->reason = LEAN_MEMORY;
		return -1;
	}
	pid_t pid = attempt(l);
	if (pid == 0)
		return 0;
	int error = errno;
	*phase = l->phase;
	*result = l->result;
	destroy(l);
	errno = error;
	return pid;
}

/* A rescue that another thread was in the way of: by the next time it may be out of it. */
static bool worthwhile(const struct lean_wish *wish, const struct lean_result *result)
{
	return wish->kind == LEAN_RESCUE && result->reason == LEAN_BUSY && errno == ENOMEM;
}

pid_t lean_fork(const struct lean_wish *wish, struct lean_result *result)
{
	enum phase phase;
	*result = (struct lean_result){.outcome = LEAN_NATIVE, .call = LEAN_NO_CALL};
	if (lean_is_child())
		return wish->libc_fork();
	if (!plan_possible())
		return without(wish, result, LEAN_FOREIGN);
	for (int tries = 1;; tries++) {
		pid_t pid = once(wish, result, &phase);
		if (pid >= 0)
			return pid;
		if (phase == PHASE_BEFORE)
			return without(wish, result, result->reason);
		if (tries == MOST_TRIES || !worthwhile(wish, result))
			return -1;
	}
}
