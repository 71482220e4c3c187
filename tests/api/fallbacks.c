/* SPDX-License-Identifier: MIT */
/*
 * All results must be the same on an old kernel, and where a profile refuses calls. Each scenario
 * runs the same tests in a process of its own, in which the calls fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "seccomp.h"
#include "subreaper.h"
#include "trace.h"

/* Newer than some headers; the same on all architectures. */
enum { NR_PIDFD_SEND_SIGNAL = 424, NR_PIDFD_OPEN = 434, NR_CLONE3 = 435, NR_CLOSE_RANGE = 436 };
enum { PIDFD_FLAG = 0x1000, P_PIDFD_BIT = 2, UNSHARE_BIT = 2, CLOEXEC_BIT = 4 };

struct scenario {
	const char *name;
	struct refusal refusals[8];
};

#define NO_CLONE3(error)                                                                           \
	{                                                                                          \
		NR_CLONE3, error, 0, 0                                                             \
	}
#define NO_CLOSE_RANGE(error)                                                                      \
	{                                                                                          \
		NR_CLOSE_RANGE, error, 0, 0                                                        \
	}
#define NO_CLONE_PIDFD                                                                             \
	{                                                                                          \
		SYS_clone, EINVAL, 0, PIDFD_FLAG                                                   \
	}
#define NO_PLAIN_CLONE                                                                             \
	{                                                                                          \
		SYS_clone, EINVAL, 0, CLONE_VM | (uint64_t)CLONE_VFORK << 32                       \
	}
#define NO_WAIT_BY_PIDFD                                                                           \
	{                                                                                          \
		SYS_waitid, EINVAL, 0, P_PIDFD_BIT                                                 \
	}

static const struct scenario scenarios[] = {
	{"nothing refused", {{0}}},
	{"clone3 ENOSYS", {NO_CLONE3(ENOSYS)}},
	{"clone3 EINVAL", {NO_CLONE3(EINVAL)}},
	{"clone3 EPERM", {NO_CLONE3(EPERM)}},
	{"no clone without vfork", {NO_CLONE3(ENOSYS), NO_PLAIN_CLONE}},
	{"no pidfd", {NO_CLONE3(ENOSYS), NO_CLONE_PIDFD}},
	{"no pidfd, pidfd_open ENOSYS",
		{NO_CLONE3(ENOSYS), NO_CLONE_PIDFD, {NR_PIDFD_OPEN, ENOSYS, 0, 0}}},
	{"no pidfd, pidfd_open EPERM",
		{NO_CLONE3(ENOSYS), NO_CLONE_PIDFD, {NR_PIDFD_OPEN, EPERM, 0, 0}}},
	{"close_range ENOSYS", {NO_CLOSE_RANGE(ENOSYS)}},
	{"close_range EPERM", {NO_CLOSE_RANGE(EPERM)}},
	{"close_range cannot unshare", {{NR_CLOSE_RANGE, EINVAL, 2, UNSHARE_BIT}}},
	{"close_range cannot cloexec", {{NR_CLOSE_RANGE, EINVAL, 2, CLOEXEC_BIT}}},
	{"close_range has no flags", {{NR_CLOSE_RANGE, EINVAL, 2, UNSHARE_BIT | CLOEXEC_BIT}}},
	{"close_range, unshare", {NO_CLOSE_RANGE(EPERM), {SYS_unshare, EPERM, 0, 0}}},
	{"close_range, unshare ENOSYS", {NO_CLOSE_RANGE(ENOSYS), {SYS_unshare, ENOSYS, 0, 0}}},
	{"unshare EINVAL", {NO_CLOSE_RANGE(EINVAL), {SYS_unshare, EINVAL, 0, 0}}},
	{"waitid by pidfd", {NO_WAIT_BY_PIDFD}},
	{"waitid EPERM", {{SYS_waitid, EPERM, 0, 0}}},
	{"waitid ENOSYS", {{SYS_waitid, ENOSYS, 0, 0}}},
	{"pidfd_send_signal EPERM", {{NR_PIDFD_SEND_SIGNAL, EPERM, 0, 0}}},
	{"pidfd_send_signal ENOSYS", {{NR_PIDFD_SEND_SIGNAL, ENOSYS, 0, 0}}},
	{"all with a pidfd", {NO_CLONE3(EPERM), NO_CLOSE_RANGE(EPERM), {SYS_unshare, EPERM, 0, 0},
				     NO_WAIT_BY_PIDFD, {NR_PIDFD_SEND_SIGNAL, EPERM, 0, 0}}},
	{"all", {NO_CLONE3(ENOSYS), NO_CLONE_PIDFD, NO_CLOSE_RANGE(ENOSYS),
			{SYS_unshare, EPERM, 0, 0}, NO_WAIT_BY_PIDFD,
			{NR_PIDFD_SEND_SIGNAL, ENOSYS, 0, 0}}},
};

#define N_SCENARIOS (sizeof scenarios / sizeof scenarios[0])

static const struct scenario *now;

static void refuse_now(void)
{
	size_t n = 0;
	while (n < 8 && now->refusals[n].error)
		n++;
	if (n && refuse_calls(now->refusals, n) < 0)
		_exit(77);
}

/* ---- What has to be right everywhere ------------------------------------------------------- */

static void place(const char *path, int fd)
{
	int opened = open(path, O_RDONLY);
	assert_int_equal(dup2(opened, fd), fd);
	close(opened);
}

static void only_0_to_2_are_inherited(void **unused)
{
	(void)unused;
	struct state state;
	place("/dev/zero", 3);
	place("/dev/zero", 900);
	state_of(&state, OPTIONS(.flags = 0));
	assert_string_equal(state_fds(&state), "0 1 2");
	assert_null(state_get(&state, "fd900"));
	close(3);
	close(900);
}

static void maps_are_followed_in_the_child_only(void **unused)
{
	(void)unused;
	struct state state;
	const struct ss_fd_map map[] = {{40, 41}, {41, 40}, {900, 7}};
	place("/dev/zero", 40);
	place("/dev/full", 41);
	place("/dev/random", 900);
	state_of(&state, OPTIONS(.fds = map, .n_fds = 3, .in = SS_NULL, .err = SS_MERGE));
	assert_string_equal(state_fds(&state), "0 1 2 7 40 41");
	assert_state(&state, "fd0", "/dev/null");
	assert_state(&state, "fd2", state_get(&state, "fd1"));
	assert_state(&state, "fd7", "/dev/random");
	assert_state(&state, "fd40", "/dev/full");
	assert_state(&state, "fd41", "/dev/zero");

	state_of(&state, OPTIONS(.flags = SS_KEEP_FDS, .fds = map, .n_fds = 1));
	assert_state(&state, "fd41", "/dev/zero");
	assert_state(&state, "fd900", "/dev/random");

	/* The parent's own are as they were. */
	struct stat zero, full, is;
	assert_int_equal(stat("/dev/zero", &zero), 0);
	assert_int_equal(stat("/dev/full", &full), 0);
	assert_int_equal(fstat(40, &is), 0);
	assert_true(is.st_rdev == zero.st_rdev);
	assert_int_equal(fstat(41, &is), 0);
	assert_true(is.st_rdev == full.st_rdev);
	close(40);
	close(41);
	close(900);
}

static void handler(int sig)
{
	(void)sig;
}

static void handlers_go_and_ignored_signals_stay(void **unused)
{
	(void)unused;
	struct state state;
	struct sigaction old[2];
	sigset_t none;
	sigemptyset(&none);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler}, &old[0]);
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = SIG_IGN}, &old[1]);
	state_of(&state, OPTIONS(.sigmask = &none));
	sigaction(SIGUSR1, &old[0], NULL);
	sigaction(SIGUSR2, &old[1], NULL);
	unsigned long long ignored = strtoull(state_get(&state, "SigIgn"), NULL, 16);
	assert_true(ignored >> (SIGUSR2 - 1) & 1);
	assert_false(ignored >> (SIGUSR1 - 1) & 1);
	assert_true(strtoull(state_get(&state, "SigCgt"), NULL, 16) == 0);
}

static void failures_name_their_stage(void **unused)
{
	(void)unused;
	assert_fails(ARGV("/nonexistent"), OPTIONS(.flags = 0), SS_STAGE_EXEC, ENOENT);
	assert_fails(ARGV("/nonexistent"), OPTIONS(.out = SS_PIPE, .flags = SS_KEEP_FDS),
		SS_STAGE_EXEC, ENOENT);
	assert_fails(
		ARGV("true"), OPTIONS(.cwd = "/nonexistent", .in = SS_PIPE), SS_STAGE_CWD, ENOENT);
	assert_fails(
		ARGV("true"), OPTIONS(.flags = SS_NEW_GROUP, .group = 1), SS_STAGE_GROUP, EPERM);
}

static void waits_run_out(void **unused)
{
	(void)unused;
	struct ss_child child;
	int status = 0;
	char ready[16];
	assert_int_equal(ss_spawn(&child, ARGV(victim("STUBBORN")), SS_OPTIONS(.out = SS_PIPE)), 0);
	assert_int_equal(read(child.out, ready, sizeof ready), 6);
	assert_int_equal(ss_wait(&child, &status, 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(ss_wait(&child, &status, 20), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(ss_kill(&child, 0), 0);
	assert_int_equal(ss_terminate(&child, &status, 10), 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(child.pid, 0);
	assert_int_equal(ss_kill(&child, 0), -1);
	assert_int_equal(errno, ESRCH);
	ss_release(&child);

	assert_int_equal(ss_spawn(&child, ARGV(victim("NOTHING")), NULL), 0);
	assert_int_equal(ss_wait(&child, &status, 20000), 0);
	assert_int_equal(status, 0);
	ss_release(&child);
}

/* End of file on the pipe: no member is left that holds it. */
static void a_group_is_terminated_whole(void **unused)
{
	(void)unused;
	struct ss_child child;
	int status;
	char text[64];
	assert_int_equal(ss_spawn(&child, ARGV(victim("STUBBORN"), "child"),
				 SS_OPTIONS(.flags = SS_NEW_GROUP, .out = SS_PIPE)),
		0);
	assert_int_equal(read(child.out, text, 6), 6);
	assert_int_equal(ss_terminate(&child, &status, 20), 0);
	read_all(child.out, text, sizeof text);
	ss_release(&child);
}

/* Even when their leader ends before them. */
/* Where clone is refused, the library uses ways without a pidfd. */
static bool has_pidfds(void)
{
	for (size_t i = 0; i < sizeof now->refusals / sizeof now->refusals[0]; i++)
		if (now->refusals[i].nr == SYS_clone && now->refusals[i].bits)
			return false;
	return true;
}

static void a_pidfd_that_is_needed_is_there_or_the_spawn_fails(void **unused)
{
	(void)unused;
	struct ss_child child = {0};
	struct ss_failure failure = {0};
	needs_clone();
	needs_shared_memory();
	int r = ss_spawn(&child, ARGV(victim("NOTHING")),
		SS_OPTIONS(.flags = SS_NEED_PIDFD, .failure = &failure));
	if (!has_pidfds()) {
		assert_int_equal(r, -1);
		assert_int_equal(failure.stage, SS_STAGE_CLONE);
		return;
	}
	assert_int_equal(r, 0);
	assert_true(child.pidfd >= 0);
	assert_int_equal(ss_wait(&child, NULL, -1), 0);
	ss_release(&child);
}

static void members_of_a_group_get_the_grace(void **unused)
{
	(void)unused;
	struct ss_child child;
	char text[64];
	start(&child, ARGV(victim("STUBBORN"), "polite-child"),
		OPTIONS(.flags = SS_NEW_GROUP, .out = SS_PIPE));
	await_ready(&child);
	assert_int_equal(ss_terminate(&child, NULL, 60000), 0);
	read_all(child.out, text, sizeof text);
	ss_release(&child);
	assert_string_equal(text, "bye\n");
}

/* Rule 25. */
static void spawn_some(void *unused)
{
	(void)unused;
	struct ss_child child;
	refuse_now();
	trace_begin();
	for (int i = 0; i < 4; i++) {
		if (ss_spawn(&child, ARGV(victim("NOTHING")),
			    SS_OPTIONS(.flags = i % 2 ? SS_KEEP_FDS : 0)))
			_exit(1);
		ss_wait(&child, NULL, -1);
		ss_release(&child);
	}
	trace_end();
}

static void never_by_fork(void **unused)
{
	(void)unused;
	needs_clone();
	static struct trace trace;
	for (size_t i = 0; i < N_SCENARIOS; i++) {
		now = &scenarios[i];
		if (!trace_run(&trace, spawn_some, NULL) || trace.status == 77 << 8)
			skip();
		int made = trace.n_forks + trace.n_vforks + trace.n_clones;
		for (int k = 0; k < trace.n_calls; k++)
			if (trace.calls[k].clone_flags && !(trace.calls[k].clone_flags & CLONE_VM))
				fail_msg("%s: a copy of the memory", now->name);
		if (trace.status)
			fail_msg("%s: status %x", now->name, trace.status);
		/* One may be told to try again. */
		assert_between(made, 4, 5);
	}
}

/* ---- What can't be helped ------------------------------------------------------------------ */

static void spawn_fails(int error)
{
	const struct refusal refusals[] = {{NR_CLONE3, error, 0, 0}, {SYS_clone, error, 0, 0}};
	struct ss_failure failure = {0};
	struct ss_child child;
	int unused = dup(0);
	close(unused);
	alarm(patience(20));
	if (refuse_calls(refusals, 2))
		_exit(77);
	for (int i = 0; i < 2; i++)
		if (ss_spawn(&child, ARGV("true"),
			    SS_OPTIONS(.out = SS_PIPE, .failure = &failure,
				    .flags = i ? SS_KEEP_FDS : 0)) == 0 ||
			failure.stage != SS_STAGE_CLONE || failure.error != error)
			_exit(1);
	_exit(dup(0) == unused ? 0 : 2);
}

static void no_clone_at_all_is_a_failure(void **unused)
{
	(void)unused;
	needs_clone();
	const int errors[] = {EMFILE, ENFILE, EPERM, ENOSYS, EAGAIN, ENOMEM, EINVAL};
	/* Before and after the first spawn of a process. */
	for (int i = 0; i < 14; i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			if (i % 2)
				run_to_end(ARGV(victim("NOTHING")), OPTIONS(.flags = 0));
			spawn_fails(errors[i / 2]);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status == 77 << 8)
			skip();
		if (status)
			fail_msg("errno %d, spawned before: %d: status %x", errors[i / 2], i % 2,
				status);
	}
}

/* A clone that shares memory fails. One that copies it would pass, and is the cure for a refusal only. */
static int expect_failure(int refused, unsigned flags, int error)
{
	const struct refusal refusals[] = {
		{NR_CLONE3, ENOSYS, 0, 0}, {SYS_clone, refused, 0, CLONE_VM}};
	struct ss_failure failure = {0};
	struct ss_child child;
	alarm(patience(20));
	if (refuse_calls(refusals, 2))
		return 77;
	int result = ss_spawn(
		&child, ARGV(victim("NOTHING")), SS_OPTIONS(.flags = flags, .failure = &failure));
	return result == 0 || failure.stage != SS_STAGE_CLONE || failure.error != error;
}

static void memory_is_copied_for_a_refusal_alone(void **unused)
{
	(void)unused;
	needs_clone();
	needs_shared_memory();
	static const struct {
		int refused;
		unsigned flags;
		int error;
	} cases[] = {
		{EAGAIN, 0, EAGAIN},
		{ENOMEM, 0, ENOMEM},
		{EINVAL, SS_DETACH, ENOTSUP},
		{EAGAIN, SS_DETACH, EAGAIN},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(expect_failure(cases[i].refused, cases[i].flags, cases[i].error));
		assert_child_passes(pid);
	}
}

/* ---- Running them -------------------------------------------------------------------------- */

static int run_scenario(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_0_to_2_are_inherited),
		TEST(maps_are_followed_in_the_child_only),
		TEST(handlers_go_and_ignored_signals_stay),
		TEST(failures_name_their_stage),
		TEST(waits_run_out),
		TEST(a_group_is_terminated_whole),
		TEST(members_of_a_group_get_the_grace),
		TEST(a_pidfd_that_is_needed_is_there_or_the_spawn_fails),
	};
	refuse_now();
	return run_group(now->name, tests, sizeof tests / sizeof tests[0], NULL, NULL);
}

/* There is no pidfd in valgrind, and what it makes of most of the calls is not the program's. */
static size_t step(void)
{
	if (!in_valgrind())
		return 1;
	print_message("valgrind: only the first and the last scenario.\n");
	return N_SCENARIOS - 1;
}

static int run_all(void)
{
	int bad = 0, skipped = 0;
	for (size_t i = 0, further = step(); i < N_SCENARIOS; i += further) {
		int status;
		now = &scenarios[i];
		fflush(NULL);
		pid_t pid = fork();
		if (pid == 0) {
			int bad_one = run_scenario();
			fflush(NULL);
			_exit(bad_one); /* LeakSanitizer's own clone would be refused */
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 1;
		skipped += status == 77 << 8;
		bad += status != 0 && status != 77 << 8;
	}
	return bad ? 1 : skipped ? 77 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(never_by_fork),
		TEST(no_clone_at_all_is_a_failure),
		TEST(memory_is_copied_for_a_refusal_alone),
	};
	int bad = run_group("tests", tests, sizeof tests / sizeof tests[0], NULL, NULL);
	return bad ? bad : run_all();
}
