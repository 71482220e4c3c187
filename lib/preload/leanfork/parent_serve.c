/* SPDX-License-Identifier: MIT */
/* Serves a lean child from clone until it execs, ends or is released. */
#include "preload/leanfork/parent_serve.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "preload/leanfork/parent_signals.h"
#include "preload/leanfork/parent_survey.h"
#include "preload/leanfork/parent_watch.h"

#define DEATH_NAPS 40 /* 2 s for a killed child; the kernel may need longer */
#define ANSWERS 256   /* answers in a row, before a look at everything else */

/* Copies what can be read of a span into the buffer. Another thread may have unmapped a page
 * meanwhile. */
static uint32_t read_pages(struct lean *l, struct span at)
{
	uint32_t pages = 0;
	uintptr_t next = at.start;
	while (next < at.end) {
		struct {
			void *at;
			size_t len;
		} local = {l->mail->buffer + (next - at.start), at.end - next},
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
	if (l->mail->request == REQUEST_RESIDENT)
		survey_answer(l);
	else if (at.end - at.start <= CHUNK)
		l->mail->pages = read_pages(l, at);
	mailbox_answer(l->mail);
}

/* Looks for the child by waitid. */
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
 * A child that is thrown away sends no signal at its end, and only __WALL sees it. exec makes it an
 * ordinary child. So it has exec'ed if an ordinary wait sees it, or if no wait sees it: then the
 * kernel, or a thread that waits for any child, has reaped it.
 */
static bool did_exec(const struct lean *l)
{
	siginfo_t info;
	if (atomic_load(&l->mail->stage) != STAGE_EXEC)
		return false;
	return look(l, 0, &info) == 0 || look(l, __WALL, &info) < 0;
}

/* The child's SIGCHLD, unless another thread has got it. All signals are blocked in this one. The
 * kernel keeps one at a time, so it may stand for another child, too. */
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
	if (l->options.kind == LEAN_RESCUE)
		take_back_signal(l);
	bool killed = info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
	if (killed && !l->overdue && atomic_load(&l->mail->stage) == STAGE_EXEC)
		l->deadly = SIG_BIT(info.si_status) & HANDLED_SIGNALS ? 0 : info.si_status;
}

/* If the job has been continued, the native child must not stop again. */
static uint64_t to_pass_on(struct lean *l)
{
	pending_let_through(l->mask, &l->stopped);
	return l->mail->signals & ~l->stopped;
}

static enum service throw_away(struct lean *l)
{
	reap(l);
	if (atomic_load(&l->mail->stage) == STAGE_GAVE_UP) {
		l->result.reason = (enum lean_reason)l->mail->reason;
		l->result.call = l->mail->call;
		l->passed_on |= to_pass_on(l);
	} else {
		l->result.reason = LEAN_EXIT;
	}
	return SERVED_DEAD;
}

/* Whether a signal ended the child in libc's half of fork, where a native child does not die. */
static bool ended_in_libc(const struct lean *l)
{
	siginfo_t info = {.si_code = 0};
	if (atomic_load(&l->mail->progress) != PROGRESS_LIBC ||
		atomic_load(&l->mail->stage) > STAGE_CALLED_BACK)
		return false;
	while (gate5(SYS_waitid, P_PID, l->child, &info, WEXITED | WNOWAIT | __WALL, NULL) ==
		-EINTR)
		;
	return info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
}

/* What others have noticed must not happen twice, so the program sees the child's end. */
static bool has_been_noticed(const struct lean *l)
{
	return l->options.kind == LEAN_RESCUE &&
	       (atomic_load(&l->mail->progress) == PROGRESS_NOTICED ||
		       atomic_load(&l->mail->stage) == STAGE_EXEC);
}

static enum service after_kill(struct lean *l, bool ended)
{
	enum lean_reason reason = l->result.reason;
	if (has_been_noticed(l))
		return SERVED;
	if (ended)
		throw_away(l);
	l->result.reason = reason;
	return SERVED_DEAD;
}

/* In a rescue the program sees a child that ends by itself. */
static enum service after_end(struct lean *l)
{
	if (l->options.kind == LEAN_EAGER && did_exec(l))
		return SERVED;
	if (l->overdue)
		return after_kill(l, true);
	if (l->options.kind == LEAN_EAGER)
		return throw_away(l);
	if (ended_in_libc(l)) {
		throw_away(l);
		l->result.reason = l->tries < MOST_TRIES ? LEAN_AGAIN : LEAN_EXIT;
		return SERVED_DEAD;
	}
	return atomic_load(&l->mail->stage) == STAGE_GAVE_UP ? throw_away(l) : SERVED;
}

static void kill_it(struct lean *l, enum lean_reason reason)
{
	l->overdue = true;
	l->result.reason = reason;
	gate2(SYS_kill, l->child, SIGKILL);
}

/* SIGSYS could end a child before it has set its handler, or after it has restored the program's.
 * So only a running child gets it. */
static void call_back(struct lean *l)
{
	if (mailbox_go_on(l->mail, STAGE_RUNNING, STAGE_CALLED_BACK) ||
		atomic_load(&l->mail->stage) == STAGE_CALLED_BACK)
		gate3(SYS_tgkill, l->child, l->child, SIGSYS);
}

static void urge(struct lean *l, enum urge urge)
{
	switch (urge) {
	case URGE_GO_ON:
		l->passed_on |= SIG_BIT(SIGSTOP);
		gate2(SYS_kill, l->child, SIGCONT);
		call_back(l);
		break;
	case URGE_CALL_BACK:
		call_back(l);
		break;
	case URGE_KILL:
		kill_it(l, LEAN_TIME);
		break;
	case URGE_NONE:
		break;
	}
}

/* The child's stage may answer a call back. Returns whether it needs nothing more. */
static bool take_answer(struct lean *l, struct watch *watch)
{
	enum stage stage = atomic_load(&l->mail->stage);
	if (stage == STAGE_REFUSED) {
		if (watch_refused(watch) == URGE_KILL)
			kill_it(l, LEAN_MEMORY);
		atomic_store(&l->mail->stage, STAGE_RUNNING);
	}
	if (stage == STAGE_REFUSED || stage == STAGE_RELEASED)
		mailbox_answer(l->mail);
	else
		answer(l);
	return stage == STAGE_RELEASED;
}

/* Returns whether the child needs no more care. */
static bool check_time(struct lean *l, struct watch *watch, int *dying)
{
	if (pending_let_through(l->mask, &l->stopped))
		l->in_a_hurry = true;
	if (l->overdue)
		return ++*dying >= DEATH_NAPS;
	urge(l, watch_child(watch, l));
	return false;
}

static enum service attend_child(struct lean *l)
{
	struct watch watch = {0};
	int dying = 0;

	for (unsigned answers = 1;; answers++) {
		enum news news = mailbox_wait(l->mail);
		if (news == NEWS_ENDED || (news == NEWS_NONE && has_ended(l)))
			return after_end(l);
		if (news == NEWS_WANTED && take_answer(l, &watch))
			return SERVED;
		if ((news == NEWS_NONE || answers % ANSWERS == 0) && check_time(l, &watch, &dying))
			return after_kill(l, false);
	}
}

/* Stops a rescued child that was made to go on. */
static void stop_again(struct lean *l)
{
	if (l->passed_on & SIG_BIT(SIGSTOP))
		gate2(SYS_kill, l->child, SIGSTOP);
	l->passed_on = 0;
}

enum service serve(struct lean *l)
{
	enum service service = attend_child(l);
	l->result.chunks = atomic_load(&l->mail->brought);
	if (service == SERVED)
		stop_again(l);
	return service;
}
