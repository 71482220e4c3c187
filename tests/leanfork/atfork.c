/* SPDX-License-Identifier: MIT */
/*
 * What runs round libc's clone: handlers of pthread_atfork, another library's fork round libc's. They
 * are functions here that fork the way such a library does.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "forking.h"

static int exits_4(void *arg)
{
	(void)arg;
	return block[12345] == block_byte(12345) ? 4 : 1;
}

static pid_t fork_by(enum lean_kind kind, pid_t (*libc_fork)(void))
{
	struct lean_wish wish = {
		.kind = kind,
		.least_total = 1,
		.least_range = 65536,
		.limit_ms = 20000,
		.libc_fork = libc_fork,
	};
	return lean_fork(&wish, &last);
}

/* Returns the wait status, or -1 if fork failed. */
static int run_by(enum lean_kind kind, pid_t (*libc_fork)(void), int (*body)(void *arg))
{
	int status = -1;
	pid_t pid = fork_by(kind, libc_fork);
	if (pid == 0)
		exec_exit(body(NULL));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int handled;
static enum lean_reason handlers_reason;
static long handlers_fork_ms;

static void forks_too(int sig)
{
	struct lean_result before = last;
	long start = now_ms();
	(void)sig;
	handled = run_by(LEAN_EAGER, fork, exits_4);
	handlers_fork_ms = now_ms() - start;
	handlers_reason = last.reason;
	last = before;
}

/* As when a signal comes while libc is in the second half of its fork. */
static pid_t interrupted_fork(void)
{
	pid_t pid = fork();
	if (pid > 0)
		raise(SIGUSR1);
	return pid;
}

static void a_handler_forks_in_libcs_second_half(void **state)
{
	struct sigaction action = {.sa_handler = forks_too}, before;
	(void)state;
	sigaction(SIGUSR1, &action, &before);
	for (int i = 0; i < 2; i++) {
		handled = 0;
		assert_int_equal(run_by(LEAN_EAGER, interrupted_fork, exits_4), 4 << 8);
		assert_int_equal(last.outcome, LEAN_DONE);
		assert_int_equal(handled, 4 << 8);
		assert_int_equal(handlers_reason, LEAN_BUSY);
		assert_in_range(handlers_fork_ms, 0, 3000);
	}
	sigaction(SIGUSR1, &before, NULL);
}

static sigset_t mask_before;

/* As libc's own fork does in some versions. */
static pid_t blocking_fork(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask_before);
	pid_t pid = fork();
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	return pid;
}

static bool mask_is(const sigset_t *expected)
{
	sigset_t now;
	sigprocmask(SIG_SETMASK, NULL, &now);
	for (int sig = 1; sig < SIGRTMAX; sig++)
		if (sigismember(&now, sig) != sigismember(expected, sig))
			return false;
	return true;
}

static int has_its_mask(void *arg)
{
	(void)arg;
	return mask_is(&mask_before) ? 4 : 5;
}

static int has_its_mask_in_the_end(void *arg)
{
	usleep(1); /* not leanly */
	return has_its_mask(arg);
}

static void signals_blocked_for_the_clone_only(void **state)
{
	static const enum lean_kind kinds[] = {LEAN_EAGER, LEAN_RESCUE};
	sigset_t before;
	(void)state;
	sigprocmask(SIG_SETMASK, NULL, &before);
	for (int i = 0; i < 4; i++) {
		int (*body)(void *) = i < 2 ? has_its_mask : has_its_mask_in_the_end;
		int status = run_by(kinds[i % 2], blocking_fork, body);
		bool same = mask_is(&before);
		sigprocmask(SIG_SETMASK, &before, NULL);
		assert_true(same);
		assert_int_equal(status, 4 << 8);
		assert_int_equal(last.outcome, i == 2 ? LEAN_RESTARTED : LEAN_DONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(signals_blocked_for_the_clone_only),
		TEST(a_handler_forks_in_libcs_second_half),
	};
	return RUN_BLOCK_TESTS(tests);
}
