/* SPDX-License-Identifier: MIT */
#include "preload/leanfork/serve.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

/* Beyond the child's own limits, in naps of the mailbox without any news: 2 and 10 s. */
#define EAGER_NAPS 40
#define RESCUE_NAPS 200

/* Copies what can be read of a span into the window: a page that another thread has unmapped
 * meanwhile is left out. */
static uint32_t read_pages(struct lean *l, struct span at)
{
	uint32_t pages = 0;
	uintptr_t next = at.start;
	while (next < at.end) {
		struct {
			void *at;
			size_t len;
		} local = {l->mail->window + (next - at.start), at.end - next},
		  remote = {(void *)next, at.end - next};
		long n = gate6(SYS_process_vm_readv, l->thread, &local, 1, &remote, 1, 0);
		uintptr_t good = n > 0 ? next + ((uintptr_t)n & ~(PAGE - 1)) : next;
		for (; next < good; next += PAGE)
			pages |= UINT32_C(1) << (next - at.start) / PAGE;
		if (next < at.end)
			next += PAGE;
	}
	return pages;
}

static void answer(struct lean *l)
{
	struct span at = {l->mail->start, l->mail->end};
	if (at.end - at.start <= CHUNK)
		l->mail->pages = read_pages(l, at);
	mailbox_answer(l->mail);
}

/* Looks for the child as waitid does with these flags. */
static long look(const struct lean *l, int flags, siginfo_t *info)
{
	info->si_pid = 0;
	return gate5(SYS_waitid, P_PID, l->child, info, WEXITED | WNOHANG | WNOWAIT | flags, NULL);
}

static bool has_ended(const struct lean *l)
{
	siginfo_t info;
	long r = look(l, __WALL, &info);
	return r == -ECHILD || (r == 0 && info.si_pid != 0);
}

/*
 * A child thrown away sends no signal when it ends and is seen with __WALL only; exec makes it an
 * ordinary one. So: seen as usual, or seen in no way at all (reaped already, by a thread that waits
 * for anything or by the kernel) means that it did exec.
 */
static bool did_exec(const struct lean *l)
{
	siginfo_t info;
	if (atomic_load(&l->mail->stage) != STAGE_EXEC)
		return false;
	return look(l, 0, &info) == 0 || look(l, __WALL, &info) < 0;
}

/* The child's SIGCHLD, unless another thread has it already; all signals are blocked in this one. The
 * kernel keeps one at a time: it may stand for that of another child, too. */
static void take_back_signal(const struct lean *l)
{
	uint64_t set = SIG_BIT(SIGCHLD);
	struct timespec at_once = {0, 0};
	siginfo_t info = {.si_pid = 0}, other = {.si_pid = 0};
	if (gate4(SYS_rt_sigtimedwait, &set, &info, &at_once, 8) != SIGCHLD)
		return;
	if (info.si_pid == l->child) {
		gate5(SYS_waitid, P_ALL, 0, &other,
			WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT, NULL);
		info = other;
	}
	if (info.si_pid)
		gate3(SYS_rt_sigqueueinfo, l->parent, SIGCHLD, &info);
}

static void reap(struct lean *l)
{
	siginfo_t info = {.si_code = 0};
	while (gate5(SYS_waitid, P_PID, l->child, &info, WEXITED | __WALL, NULL) == -EINTR)
		;
	if (l->wish.kind == LEAN_RESCUE)
		take_back_signal(l);
	bool killed = info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
	if (killed && !l->overdue && atomic_load(&l->mail->stage) == STAGE_EXEC)
		l->deadly = SIG_BIT(info.si_status) & OURS ? 0 : info.si_status;
}

static enum service throw_away(struct lean *l)
{
	reap(l);
	if (atomic_load(&l->mail->stage) == STAGE_GAVE_UP) {
		l->result.reason = (enum lean_reason)l->mail->reason;
		l->result.call = l->mail->call;
		l->passed_on = l->mail->signals;
	} else {
		l->result.reason = LEAN_EXIT;
	}
	return SERVED_DEAD;
}

/* Whether a signal has ended the child in libc's own half of fork, where a native one has nothing to
 * die of. */
static bool stumbled(const struct lean *l)
{
	siginfo_t info = {.si_code = 0};
	if (atomic_load(&l->mail->progress) != PROGRESS_LIBC ||
		atomic_load(&l->mail->stage) > STAGE_RUNNING)
		return false;
	while (gate5(SYS_waitid, P_PID, l->child, &info, WEXITED | WNOWAIT | __WALL, NULL) ==
		-EINTR)
		;
	return info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
}

/* In a rescue a child that ends on its own accord is the program's to see. */
static enum service after_end(struct lean *l)
{
	if (l->wish.kind == LEAN_EAGER)
		return did_exec(l) ? SERVED : throw_away(l);
	if (l->overdue) {
		throw_away(l);
		l->result.reason = LEAN_TIME;
		return SERVED_DEAD;
	}
	if (stumbled(l)) {
		throw_away(l);
		l->result.reason = l->tries < MOST_TRIES ? LEAN_AGAIN : LEAN_EXIT;
		return SERVED_DEAD;
	}
	return atomic_load(&l->mail->stage) == STAGE_GAVE_UP ? throw_away(l) : SERVED;
}

/* Whether the child has got something since this was last asked. */
static bool has_progressed(struct lean *l)
{
	uint64_t brought = atomic_load(&l->mail->brought);
	bool more = brought != l->result.chunks;
	l->result.chunks = brought;
	return more;
}

static int most_naps(const struct lean *l)
{
	if (l->wish.patience_ms)
		return (int)(l->wish.patience_ms / MAILBOX_NAP_MS) + 1;
	return l->wish.kind == LEAN_RESCUE ? RESCUE_NAPS : EAGER_NAPS;
}

/* A child that hangs can't be left to itself: it would read what its parent has changed by then. In a
 * rescue it is let hang, as in vfork, where its end would be noticed: by what it has done, or because
 * it is as good as another program. */
static void lose_patience(struct lean *l)
{
	if (l->wish.kind == LEAN_RESCUE && (atomic_load(&l->mail->progress) == PROGRESS_NOTICED ||
						   atomic_load(&l->mail->stage) == STAGE_EXEC))
		return;
	l->overdue = true;
	gate2(SYS_kill, l->child, SIGKILL);
}

static enum service attend_child(struct lean *l)
{
	int most = most_naps(l);
	int naps = 0;

	for (;;) {
		switch (mailbox_wait(l->mail)) {
		case NEWS_ENDED:
			return after_end(l);
		case NEWS_WANTED:
			if (atomic_load(&l->mail->stage) == STAGE_RELEASED)
				return SERVED;
			answer(l);
			naps = 0;
			break;
		case NEWS_NONE:
			if (has_ended(l))
				return after_end(l);
			naps = has_progressed(l) ? 0 : naps + 1;
			if (naps >= most)
				lose_patience(l);
			break;
		}
	}
}

enum service serve(struct lean *l)
{
	enum service service = attend_child(l);
	l->result.chunks = atomic_load(&l->mail->brought);
	return service;
}
