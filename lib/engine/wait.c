/* SPDX-License-Identifier: MIT */
/* The wait for the exec, and its early ends. The hazards are those of engine_clone.c. */
#include "engine/syscall.h"

#ifdef ENGINE_RAW

#include "engine/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "engine/reap.h"

enum {
	FUTEX_WAIT_SHARED = 0,
	HEARTBEAT_MS = 1000,
	PROBE_MS = 50,
	CANCEL_MS = 50,
	LAST_WAIT_MS = 200
};

/* A negative ms is no limit. Then handlers with SA_RESTART do not end the wait. */
static long wait_for(struct block *b, int ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
	return raw4(SYS_futex, b->in_child, FUTEX_WAIT_SHARED, 1, ms < 0 ? NULL : &t);
}

static long wait_for_input(int fd, int ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return raw5(SYS_ppoll, &p, 1, ms < 0 ? NULL : &t, 0, 0);
}

static long wait_once(const struct waiter *w, int ms)
{
	const int fd = w->failure_from;
	return fd >= 0 ? wait_for_input(fd, ms) : wait_for(w->block, ms);
}

/* (7) A child that may not be killed may run for ever. */
void ss__give_up(struct waiter *w)
{
	struct block *b = w->block;
	long result = ss__kill_child(b->pid, b->pidfd);
	bool dies = result >= 0 || result == -ESRCH;
	if (dies && *b->in_child)
		wait_for(b, LAST_WAIT_MS);
	/* After an exec at the last moment, it may take as long to end. */
	bool stays = *b->in_child || (b->pidfd >= 0 && wait_for_input(b->pidfd, LAST_WAIT_MS) == 0);
	if (!dies || stays) {
		ss__block_leave(b);
		return;
	}
	ss__block_reap(b);
	ss__block_free(b);
}

/* (6) */
static void cancelled(void *waiter)
{
	struct waiter *w = waiter;
	ss__engine_enter();
	for (int i = 0; i < BLOCK_HELD; i++)
		if (w->block->held[i] >= 0)
			raw1(SYS_close, w->block->held[i]);
	ss__give_up(w);
	ss__engine_leave(w->how->mask);
}

#ifdef __GLIBC__

static long wait_cancellable(struct waiter *w, int ms)
{
	int state, type;
	long result;
	pthread_cleanup_push(cancelled, w);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	result = wait_once(w, ms);
	pthread_setcanceltype(type, NULL);
	pthread_setcancelstate(state, NULL);
	/* (6) */
	poll(NULL, 0, 0);
	pthread_cleanup_pop(0);
	return result;
}

#else

/*
 * musl ends an asynchronously cancelled thread on a stack that may be misaligned for its cleanup
 * handlers. Its signal interrupts a wait that has a time limit, unless it comes just before.
 */
static long wait_cancellable(struct waiter *w, int ms)
{
	int state;
	const bool in_part = ms < 0 || ms > CANCEL_MS;
	long result;
	pthread_cleanup_push(cancelled, w);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	pthread_testcancel();
	result = wait_once(w, in_part ? CANCEL_MS : ms);
	pthread_testcancel();
	pthread_setcancelstate(state, NULL);
	pthread_cleanup_pop(0);
	return in_part && result == -ETIMEDOUT ? 0 : result;
}

#endif

static long wait_with(struct waiter *w, int ms)
{
	return w->how->cancellable ? wait_cancellable(w, ms) : wait_once(w, ms);
}

/* Milliseconds until the next look. 0: the time is up. -1: no look is needed. */
static int next_wait(struct waiter *w)
{
	const volatile bool *alive = &w->block->job.alive;
	if (w->probing && *alive)
		w->probing = false;
	const int most = w->probing ? PROBE_MS : ss__block_word_is_wiped() ? INT_MAX : HEARTBEAT_MS;
	int left = ss__deadline_left(w->deadline);
	if (left < 0 && most == INT_MAX)
		return -1;
	return left < 0 || left > most ? most : left;
}

/* Writes the path from its end to its start. A number has ten digits at most. */
static const char *stat_path(char path[32], pid_t pid)
{
	char *at = path + 32 - sizeof "/stat";
	memcpy(at, "/stat", sizeof "/stat");
	for (unsigned n = (unsigned)pid; n; n /= 10)
		*--at = (char)('0' + n % 10);
	return memcpy(at - 6, "/proc/", 6);
}

/* Whether the process sleeps. The state follows the name, which may contain anything. */
static bool sleeps(pid_t pid)
{
	char path[32], stat[128];
	long fd = raw3(SYS_openat, AT_FDCWD, stat_path(path, pid), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	long len = raw3(SYS_read, fd, stat, sizeof stat - 1);
	raw1(SYS_close, fd);
	stat[len > 0 ? len : 0] = '\0';
	const char *state = strstr(stat, ") S ");
	return state && !strstr(state + 1, ") ");
}

/* A signal would interrupt the caller's own open of a FIFO. So it ends the child's. */
static bool interrupts_open(const struct block *b)
{
	const volatile bool *opening = &b->job.opening;
	if (!*opening)
		return false;
	/* A handler that leaves would not close the descriptor. */
	const kernel_sigset mask = ss__engine_enter();
	const bool does = sleeps(b->pid) && *opening;
	ss__engine_leave(mask);
	return does;
}

static bool ended_unseen(const struct block *b)
{
	const volatile bool *alive = &b->job.alive;
	siginfo_t info;
	info.si_pid = 0;
	if (*alive || b->job.flags & JOB_DETACH)
		return false;
	raw5(SYS_waitid, P_PID, b->pid, &info, WEXITED | WNOHANG | WNOWAIT, 0);
	return info.si_pid != 0 && !*alive;
}

/* A handler does not end a wait that has a time limit. */
static int look_round(struct waiter *w, long result)
{
	if (result == -EINTR && w->deadline < 0 && interrupts_open(w->block))
		return -EINTR;
	return w->probing && ended_unseen(w->block) ? -ENOSYS : 0;
}

/* (5) In a forked process the word is 0, too. The failure may have been copied before. */
static bool is_forked(const struct waiter *w)
{
	const struct block *b = w->block;
	return !ss__block_is_ours(b, w->number) &&
	       (b->number != w->number || b->job.failure.stage == SS_STAGE_NONE);
}

static int await(struct waiter *w)
{
	struct block *b = w->block;
	int error = 0;
	while (*b->in_child && !error) {
		int ms = next_wait(w);
		if (ms == 0)
			return -ETIMEDOUT;
		long result = wait_with(w, ms);
		if (is_forked(w))
			return -ECHILD;
		if (result == -EINTR || result == -ETIMEDOUT)
			error = look_round(w, result);
	}
	return is_forked(w) ? -ECHILD : error;
}

static void open_signals(struct waiter *w)
{
	*w->how->canary = w->number;
	ss__block_await(w->block, w->how->canary);
	ss__engine_leave(w->how->mask);
	if (w->how->cloned)
		w->how->cloned(w->how->cloned_arg);
}

int ss__await_start(struct waiter *w)
{
	open_signals(w);
	int error = await(w);
	if (error)
		ss__engine_enter();
	return error;
}

/* The exec closes the pipe, so end of file means success. */
static int read_failure(struct waiter *w, struct child_failure *failure)
{
	for (;;) {
		int ms = next_wait(w);
		if (ms == 0)
			return -ETIMEDOUT;
		long result = wait_with(w, ms);
		if (result > 0) {
			result = raw3(SYS_read, w->failure_from, failure, sizeof *failure);
			if (result != -EINTR)
				return 0;
		}
		if (!ss__block_is_ours(w->block, w->number))
			return -ECHILD;
	}
}

int ss__await_failure(struct waiter *w, struct child_failure *failure)
{
	open_signals(w);
	int error = read_failure(w, failure);
	ss__engine_enter();
	return error;
}

#endif
