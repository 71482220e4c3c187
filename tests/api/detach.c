/* SPDX-License-Identifier: MIT */
/* Children that nobody waits for; what comes by descriptor instead of by path; the foreground group. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "kernel.h"
#include "leak.h"
#include "temp_dir.h"

/* The leak check sees that no child is left. */
static void a_detached_child_is_not_ours(void **unused)
{
	(void)unused;
	needs_clone();
	needs_shared_memory();
	struct ss_child child;
	struct state state;
	start(&child, ARGV(victim_for_all("STATE")), OPTIONS(.flags = SS_DETACH, .out = SS_PIPE));
	assert_true(child.pid > 0);
	assert_int_equal(waitpid(child.pid, NULL, 0), -1);
	read_all(child.out, state.text, sizeof state.text);
	assert_string_equal(state_fds(&state), "0 1 2");
	/* From 6.15 on the kernel tells how it has ended, though somebody else waits for it. */
	if (ss_wait(&child, NULL, -1))
		assert_int_equal(errno, ECHILD);
	ss_release(&child);
}

static void it_needs_no_struct(void **unused)
{
	(void)unused;
	needs_clone();
	needs_shared_memory();
	int ends[2];
	char text[64];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(ss_spawn(NULL, ARGV("echo", "hello"),
				 SS_OPTIONS(.flags = SS_DETACH, .out = SS_FD(ends[1]))),
		0);
	close(ends[1]);
	read_all(ends[0], text, sizeof text);
	close(ends[0]);
	assert_string_equal(text, "hello\n");
	assert_int_equal(ss_spawn(NULL, ARGV("/nonexistent"), SS_OPTIONS(.flags = SS_DETACH)), -1);
	assert_int_equal(errno, ENOENT);
}

static void what_needs_a_struct_is_refused(void **unused)
{
	(void)unused;
	assert_int_equal(ss_spawn(NULL, ARGV("true"), SS_OPTIONS(.flags = 0)), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(
		ss_spawn(NULL, ARGV("true"), SS_OPTIONS(.flags = SS_DETACH, .out = SS_PIPE)), -1);
	assert_int_equal(errno, EINVAL);
	assert_fails(ARGV("true"), OPTIONS(.flags = SS_DETACH, .pdeathsig = SIGTERM),
		SS_STAGE_OPTIONS, EINVAL);
}

/* ---- Descriptors instead of paths ------------------------------------------------------------- */

static void directory_and_program_may_be_descriptors(void **unused)
{
	(void)unused;
	needs_clone();
	if (!kernel_has_execveat()) {
		print_message("The kernel has no execveat.\n");
		skip();
	}
	struct state state;
	int dir = open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int program = open(victim_for_all("STATE"), O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		/* Their own numbers are overwritten. */
		const struct ss_fd_map map[] = {{0, dir}, {0, program}};
		state_of(&state,
			OPTIONS(.flags = SS_SET_CWD_FD | SS_SET_EXEC_FD | (i ? SS_KEEP_FDS : 0),
				.cwd_fd = dir, .exec_fd = program, .fds = map, .n_fds = 2));
		assert_state(&state, "cwd", "/usr");
	}
	assert_fails(ARGV("true"), OPTIONS(.flags = SS_SET_CWD_FD, .cwd_fd = program), SS_STAGE_CWD,
		ENOTDIR);
	assert_fails(ARGV("true"), OPTIONS(.flags = SS_SET_EXEC_FD, .exec_fd = dir), SS_STAGE_EXEC,
		EACCES);
	close(dir);
	close(program);
}

static void they_exclude_the_paths(void **unused)
{
	(void)unused;
	assert_fails(ARGV("true"), OPTIONS(.cwd_fd = 1), SS_STAGE_OPTIONS, EINVAL);
	assert_fails(ARGV("true"), OPTIONS(.exec_fd = 1), SS_STAGE_OPTIONS, EINVAL);
	assert_fails(ARGV("true"), OPTIONS(.flags = SS_SET_CWD_FD, .cwd = "/"), SS_STAGE_OPTIONS,
		EINVAL);
	assert_fails(ARGV("true"), OPTIONS(.flags = SS_SET_EXEC_FD, .file = "true"),
		SS_STAGE_OPTIONS, EINVAL);
	assert_fails(ARGV("true"), OPTIONS(.flags = SS_SET_CWD_FD, .cwd_fd = 999), SS_STAGE_OPTIONS,
		EBADF);
	assert_fails(ARGV("true"), OPTIONS(.flags = SS_NEED_PIDFD | SS_NO_PIDFD), SS_STAGE_OPTIONS,
		EINVAL);
}

/* The child opens its ends by name, if their numbers are high; or by number where it may not. */
static void pipes_with_high_numbers_work(void **unused)
{
	(void)unused;
	enum { FIRST = 300 };
	int opened[FIRST], n = 0;
	char text[64];
	while (n < FIRST && (opened[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < FIRST)
		n++;
	for (int i = 0; i < 2; i++) {
		struct ss_child child;
		start(&child, ARGV("sh", "-c", "cat; echo err >&2; ls /proc/self/fd | wc -l"),
			OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = i ? SS_MERGE : SS_INHERIT));
		assert_true(child.out >= FIRST);
		assert_int_equal(write(child.in, "in\n", 3), 3);
		close(child.in);
		child.in = -1;
		read_all(child.out, text, sizeof text);
		assert_int_equal(ss_wait(&child, NULL, -1), 0);
		ss_release(&child);
		assert_string_equal(text, i ? "in\nerr\n4\n" : "in\n4\n");
	}
	close(opened[n]);
	while (n > 0)
		close(opened[--n]);
}

/* ---- Rights ------------------------------------------------------------------------------------ */

static void root_does_not_keep_its_groups_unasked(void **unused)
{
	(void)unused;
	needs_clone();
	struct state state;
	gid_t old[64];
	const gid_t mine[] = {4, 7}, wanted[] = {9};
	if (geteuid() != 0)
		skip();
	int n = getgroups(64, old);
	assert_int_equal(setgroups(2, mine), 0);
	assert_fails(
		ARGV("true"), OPTIONS(.flags = SS_SET_UID, .uid = 65534), SS_STAGE_OPTIONS, EINVAL);
	state_of(&state, OPTIONS(.flags = SS_SET_UID | SS_SET_GID, .uid = 65534, .gid = 65534));
	assert_non_null(strstr(state.text, "\ngroups\n"));
	state_of(&state, OPTIONS(.flags = SS_SET_UID | SS_SET_GROUPS, .uid = 65534,
				 .groups = wanted, .n_groups = 1));
	assert_state(&state, "groups", "9");
	assert_int_equal(setgroups((size_t)n, old), 0);
}

/* ---- A terminal -------------------------------------------------------------------------------- */

/* The victim sets the terminal's modes, which stops a background process. */
static void run_as_shell(void)
{
	enum { TIMES = 20 };
	signal(SIGTTOU, SIG_IGN);
	sigset_t reset;
	sigemptyset(&reset);
	sigaddset(&reset, SIGTTOU);
	for (int i = 0; i < TIMES; i++) {
		struct ss_child child;
		int status;
		if (ss_spawn(&child, ARGV("stty", "sane"),
			    SS_OPTIONS(.flags = SS_NEW_GROUP | SS_FOREGROUND, .tty = 0,
				    .sigdefault = &reset)))
			_exit(2);
		if (waitpid(child.pid, &status, WUNTRACED) != child.pid || status)
			_exit(3);
		ss_release(&child);
		tcsetpgrp(0, getpgrp());
	}
	_exit(0);
}

static void a_foreground_job_is_not_stopped(void **unused)
{
	(void)unused;
	needs_clone();
	int master, status;
	char text[256];
	pid_t pid = forkpty(&master, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (pid == 0)
		run_as_shell();
	while (read(master, text, sizeof text) > 0)
		;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(master);
	assert_int_equal(status, 0);
	assert_fails(
		ARGV("true"), OPTIONS(.flags = SS_FOREGROUND, .tty = 999), SS_STAGE_OPTIONS, EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_detached_child_is_not_ours),
		TEST(it_needs_no_struct),
		TEST(what_needs_a_struct_is_refused),
		TEST(directory_and_program_may_be_descriptors),
		TEST(they_exclude_the_paths),
		TEST(pipes_with_high_numbers_work),
		TEST(root_does_not_keep_its_groups_unasked),
		TEST(a_foreground_job_is_not_stopped),
	};
	return RUN_TESTS(tests);
}
