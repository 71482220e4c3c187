/* SPDX-License-Identifier: MIT */
/* Rule 1: the signal mask and the dispositions, in the child and in the caller. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"

static unsigned long long bits(const struct state *state, const char *key)
{
	const char *value = state_get(state, key);
	assert_non_null(value);
	return strtoull(value, NULL, 16);
}

static int has(unsigned long long set, int sig)
{
	return (int)(set >> (sig - 1) & 1);
}

static void note(int sig)
{
	(void)sig;
}

static void handlers_are_reset_and_what_is_ignored_stays_so(void **unused)
{
	(void)unused;
	/* Emulators keep some signals for themselves. */
	needs_shared_memory();
	struct state state;
	struct sigaction old[65], action = {.sa_handler = note};
	int changed[65] = {0}; /* not those that libc keeps for itself, two or three */
	for (int sig = 1; sig < 65; sig++) {
		action.sa_handler = sig % 2 ? note : SIG_IGN;
		if (sig != SIGCHLD)
			changed[sig] = sigaction(sig, &action, &old[sig]) == 0;
	}
	struct ss_child child;
	int r = ss_spawn(&child, ARGV(victim("STATE")), SS_OPTIONS(.out = SS_PIPE));
	for (int sig = 1; sig < 65; sig++)
		if (changed[sig])
			sigaction(sig, &old[sig], NULL);
	assert_int_equal(r, 0);
	state_read(&state, &child, child.out);
	assert_int_equal(bits(&state, "SigCgt"), 0);
	unsigned long long ignored = bits(&state, "SigIgn");
	for (int sig = 1; sig < 65; sig++)
		if (changed[sig])
			assert_int_equal(has(ignored, sig), sig % 2 == 0);
}

static void sigdefault_resets_what_is_ignored(void **unused)
{
	(void)unused;
	needs_shared_memory();
	struct state state;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGRTMAX);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGRTMAX, SIG_IGN);
	state_of(&state, OPTIONS(.sigdefault = &set));
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGRTMAX, SIG_DFL);
	assert_false(has(bits(&state, "SigIgn"), SIGPIPE));
	assert_false(has(bits(&state, "SigIgn"), SIGRTMAX));
	assert_true(has(bits(&state, "SigIgn"), SIGHUP));
}

static void all_signals_may_be_named_in_sigdefault(void **unused)
{
	(void)unused;
	sigset_t all;
	sigfillset(&all);
	assert_int_equal(run_to_end(ARGV("true"), OPTIONS(.sigdefault = &all)), 0);
}

static void the_mask_is_the_callers_or_the_one_asked_for(void **unused)
{
	(void)unused;
	/* Emulators keep some signals for themselves. */
	needs_shared_memory();
	struct state state;
	sigset_t set, old, other;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMAX);
	sigprocmask(SIG_BLOCK, &set, &old);
	state_of(&state, OPTIONS(.flags = 0));
	unsigned long long inherited = bits(&state, "SigBlk");
	sigemptyset(&other);
	sigaddset(&other, SIGTERM);
	state_of(&state, OPTIONS(.sigmask = &other));
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(inherited, 1ULL << (SIGUSR1 - 1) | 1ULL << (SIGRTMAX - 1));
	assert_int_equal(bits(&state, "SigBlk"), 1ULL << (SIGTERM - 1));
	sigemptyset(&other);
	state_of(&state, OPTIONS(.sigmask = &other));
	assert_int_equal(bits(&state, "SigBlk"), 0);
}

/* The leak check compares the caller's whole mask, libc's two signals included. */
static void the_callers_mask_is_back_after_every_kind_of_failure(void **unused)
{
	(void)unused;
	assert_fails(ARGV("/nonexistent"), OPTIONS(.flags = 0), SS_STAGE_EXEC, ENOENT);
	assert_fails(ARGV("true"), OPTIONS(.cwd = "/nonexistent"), SS_STAGE_CWD, ENOENT);
	assert_fails(ARGV("true"), OPTIONS(.in = SS_READ("/nonexistent")), SS_STAGE_STDIO, ENOENT);
	assert_fails(ARGV("true"), OPTIONS(.pdeathsig = 99), SS_STAGE_OPTIONS, EINVAL);
}

static volatile sig_atomic_t ran_in;
static volatile sig_atomic_t runs;

static void where(int sig)
{
	(void)sig;
	ran_in = (sig_atomic_t)syscall(SYS_getpid);
	runs++;
}

static int spawn_with_usr1_blocked(void)
{
	struct ss_child child;
	sigset_t blocked;
	int status = -1;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	if (ss_spawn(&child, ARGV(victim("NOTHING")), SS_OPTIONS(.sigmask = &blocked)) < 0)
		return 0;
	while (ss_wait(&child, &status, -1) < 0 && errno == EINTR)
		;
	ss_release(&child);
	return status == 0;
}

/* A storm of signals at the whole group while children are made: no handler may run in one. */
static void no_handler_runs_in_a_child(void **unused)
{
	(void)unused;
	pid_t subject = fork();
	if (subject == 0) {
		const pid_t self = getpid();
		setpgid(0, 0);
		signal(SIGUSR1, where);
		pid_t storm = fork();
		if (storm == 0) {
			signal(SIGUSR1, SIG_IGN);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (getppid() == self)
				kill(0, SIGUSR1);
		}
		int bad = 0;
		for (int i = 0; i < workload(300); i++) {
			bad |= !spawn_with_usr1_blocked();
			bad |= ran_in != 0 && ran_in != getpid();
		}
		kill(storm, SIGKILL);
		while (waitpid(storm, NULL, 0) < 0 && errno == EINTR)
			;
		_exit(bad ? 1 : runs ? 0 : 2);
	}
	int status;
	assert_int_equal(waitpid(subject, &status, 0), subject);
	assert_int_equal(status, 0);
}

static volatile sig_atomic_t masks_seen, term_was_blocked;

static void look_at_mask(int sig)
{
	sigset_t mask;
	(void)sig;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	term_was_blocked |= sigismember(&mask, SIGTERM);
	masks_seen++;
}

/* A child that fails ends before ss_spawn is done: its handler may want to start something. */
static void a_handler_for_sigchld_runs_with_the_callers_mask(void **unused)
{
	(void)unused;
	/* A thread sanitizer runs handlers later, with a mask of its own. */
	needs_shared_memory();
	const struct sigaction action = {.sa_handler = look_at_mask};
	struct sigaction old;
	masks_seen = term_was_blocked = 0;
	sigaction(SIGCHLD, &action, &old);
	for (int i = 0; i < 20; i++)
		assert_fails(ARGV("/nonexistent"), OPTIONS(.flags = 0), SS_STAGE_EXEC, ENOENT);
	sigaction(SIGCHLD, &old, NULL);
	assert_true(masks_seen > 0);
	assert_false(term_was_blocked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(handlers_are_reset_and_what_is_ignored_stays_so),
		TEST(sigdefault_resets_what_is_ignored),
		TEST(all_signals_may_be_named_in_sigdefault),
		TEST(the_mask_is_the_callers_or_the_one_asked_for),
		TEST(the_callers_mask_is_back_after_every_kind_of_failure),
		TEST(no_handler_runs_in_a_child),
		TEST(a_handler_for_sigchld_runs_with_the_callers_mask),
	};
	return RUN_TESTS(tests);
}
