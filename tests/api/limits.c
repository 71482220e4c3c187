/* SPDX-License-Identifier: MIT */
/* Where a table is very long, or full. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "seccomp.h"

enum { MANY = 19900, NR_CLOSE_RANGE = 436 };

static struct rlimit old_limit;

static void set_limit(rlim_t most)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &old_limit);
	limit = old_limit;
	limit.rlim_cur = most;
	if (limit.rlim_max < most)
		limit.rlim_max = most;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		skip();
}

static void put_limit_back(void)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old_limit), 0);
}

static int filled[MANY];
static int n_filled;

/* Copies of descriptor 0 at every free number below `end`. */
static void fill(int end)
{
	int fd;
	for (n_filled = 0; (fd = dup(0)) >= 0 && fd < end; n_filled++)
		filled[n_filled] = fd;
	if (fd >= 0)
		close(fd);
	assert_true(n_filled > 0);
}

/* Closes those with the highest numbers. */
static void free_some(int n)
{
	while (n-- > 0 && n_filled > 0)
		close(filled[--n_filled]);
}

static int count_fds(const struct state *state)
{
	int n = 0;
	for (const char *line = state->text; *line; line = strchr(line, '\n') + 1)
		n += line[0] == 'f' && line[1] == 'd';
	return n;
}

/* ---- Many descriptors ------------------------------------------------------------------------ */

static void check_among_many(void)
{
	struct state state;
	const struct ss_fd_map map[] = {{MANY - 1, 9}, {5, MANY - 1}};
	state_of(&state, OPTIONS(.flags = 0));
	assert_string_equal(state_fds(&state), "0 1 2");
	assert_int_equal(count_fds(&state), 3);
	state_of(&state, OPTIONS(.in = SS_PIPE, .fds = map, .n_fds = 2));
	assert_string_equal(state_fds(&state), "0 1 2 9");
	assert_int_equal(count_fds(&state), 5);
}

static void of_many_descriptors_the_child_gets_three(void **unused)
{
	(void)unused;
	set_limit(MANY + 100);
	fill(MANY);
	check_among_many();
	free_some(MANY);
	put_limit_back();
}

static void they_can_be_listed_too(void **unused)
{
	(void)unused;
	const struct refusal no_ranges = {NR_CLOSE_RANGE, ENOSYS, 0, 0};
	set_limit(MANY + 100);
	put_limit_back();
	pid_t pid = fork();
	if (pid == 0) {
		if (refuse_calls(&no_ranges, 1))
			_exit(77);
		set_limit(MANY + 100);
		fill(MANY);
		check_among_many();
		_exit(0);
	}
	assert_child_passes(pid);
}

/* ---- A full descriptor table ----------------------------------------------------------------- */

enum { FULL = 64 };

static void full_but_for(int n, void (*then)(void))
{
	set_limit(FULL);
	fill(FULL);
	free_some(n);
	then();
	free_some(FULL);
	put_limit_back();
}

static void spawn_without_pidfd(void)
{
	struct ss_child child;
	int status = -1;
	assert_int_equal(ss_spawn(&child, ARGV(victim("NOTHING")), NULL), 0);
	assert_int_equal(child.pidfd, -1);
	assert_int_equal(ss_wait(&child, &status, 20000), 0);
	assert_int_equal(status, 0);
	ss_release(&child);
	/* Its limit is as low, but its table is not full. */
	assert_int_equal(
		ss_spawn(&child, ARGV(victim("STUBBORN")), SS_OPTIONS(.out = SS_FD(1))), 0);
	assert_int_equal(ss_terminate(&child, &status, 5), 0);
	assert_true(WIFSIGNALED(status));
	ss_release(&child);
}

static void a_full_table_costs_only_the_pidfd(void **unused)
{
	(void)unused;
	needs_clone();
	needs_shared_memory();
	full_but_for(0, spawn_without_pidfd);
}

static void ask_for_a_pipe(void)
{
	assert_fails(ARGV("true"), OPTIONS(.out = SS_PIPE), SS_STAGE_PIPE, EMFILE);
}

/* The child opens it, and has room: but not where it inherits all. */
static void ask_for_a_file(void)
{
	assert_int_equal(run_to_end(ARGV(victim("NOTHING")), OPTIONS(.in = SS_NULL)), 0);
	assert_fails(
		ARGV("true"), OPTIONS(.in = SS_NULL, .flags = SS_KEEP_FDS), SS_STAGE_STDIO, EMFILE);
}

static void ask_for_pipes(void)
{
	assert_fails(ARGV("true"), OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = SS_PIPE),
		SS_STAGE_PIPE, EMFILE);
}

static void no_room_for_a_pipe(void **unused)
{
	(void)unused;
	full_but_for(0, ask_for_a_pipe);
	full_but_for(1, ask_for_a_pipe);
	for (int n = 0; n < 6; n++)
		full_but_for(n, ask_for_pipes);
}

static void no_room_for_a_file(void **unused)
{
	(void)unused;
	needs_clone();
	needs_shared_memory();
	full_but_for(0, ask_for_a_file);
}

/* What goes above the two makes room in the child; kept, there is none to swap them in. */
static void swap_two(void)
{
	const struct ss_fd_map map[] = {{5, 6}, {6, 5}};
	assert_int_equal(run_to_end(ARGV(victim("NOTHING")), OPTIONS(.fds = map, .n_fds = 2)), 0);
	assert_fails(ARGV("true"), OPTIONS(.fds = map, .n_fds = 2, .flags = SS_KEEP_FDS),
		SS_STAGE_FDS, EMFILE);
}

static void no_room_to_swap(void **unused)
{
	(void)unused;
	needs_clone();
	needs_shared_memory();
	full_but_for(0, swap_two);
}

/* ---- No more processes ------------------------------------------------------------------------ */

static bool fails_with_eagain(void)
{
	struct ss_failure failure = {0};
	struct ss_child child;
	sigset_t before, after;
	int unused = dup(0);
	close(unused);
	sigprocmask(SIG_SETMASK, NULL, &before);
	if (ss_spawn(&child, ARGV("/bin/true"),
		    SS_OPTIONS(.in = SS_PIPE, .out = SS_NULL, .failure = &failure)) == 0)
		return false;
	sigprocmask(SIG_SETMASK, NULL, &after);
	return errno == EAGAIN && failure.error == EAGAIN && failure.stage == SS_STAGE_CLONE &&
	       !memcmp(&before, &after, 8) && dup(0) == unused;
}

static bool works(void)
{
	struct ss_child child;
	int status;
	return ss_spawn(&child, ARGV("/bin/true"), NULL) == 0 &&
	       ss_wait(&child, &status, -1) == 0 && status == 0 && ss_release(&child) == 0;
}

static void run_out_of_processes(bool first)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NPROC, &limit);
	if (setgid(54321) || setuid(54321))
		_exit(77);
	if (!first && !works())
		_exit(1);
	limit.rlim_cur = 1;
	if (setrlimit(RLIMIT_NPROC, &limit))
		_exit(77);
	/* Some kernels in some containers don't count. */
	pid_t pid = fork();
	if (pid >= 0)
		_exit(pid ? 77 : 0);
	if (!fails_with_eagain())
		_exit(2);
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NPROC, &limit) || !works())
		_exit(3);
	_exit(0);
}

static void no_room_for_a_process(void **unused)
{
	(void)unused;
	if (geteuid() != 0)
		skip();
	for (int first = 0; first < 2; first++) {
		pid_t pid = fork();
		if (pid == 0)
			run_out_of_processes(first);
		assert_child_passes(pid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: before this process has spawned. */
		TEST(no_room_for_a_process),
		TEST(of_many_descriptors_the_child_gets_three),
		TEST(they_can_be_listed_too),
		TEST(a_full_table_costs_only_the_pidfd),
		TEST(no_room_for_a_pipe),
		TEST(no_room_for_a_file),
		TEST(no_room_to_swap),
	};
	return RUN_TESTS(tests);
}
