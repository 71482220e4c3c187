/* SPDX-License-Identifier: MIT */
/*
 * ss_run with a time limit in the foreground of a terminal: its keys are for the child as well, and the
 * limit ends the child's descendants. Each test is a session of its own on a new terminal.
 */
#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"

#define IO(...) (&(struct ss_io){.size = sizeof(struct ss_io), __VA_ARGS__})

/* What the terminal has shown so far, up to a line that has the word. */
static void await_word(int master, const char *word)
{
	char text[4096] = "";
	size_t len = 0;
	ssize_t n;
	while (!strstr(text, word) && len < sizeof text - 1 &&
		(n = read(master, text + len, sizeof text - 1 - len)) > 0)
		text[len += (size_t)n] = '\0';
	assert_non_null(strstr(text, word));
}

/* A job of a shell: the leader of the session waits for it, as a shell does. */
static void lead(void (*job)(void))
{
	int status;
	signal(SIGTTOU, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
		job();
		_exit(9);
	}
	while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
		if (write(1, "stopped\n", 8) < 0)
			_exit(1);
		usleep(50000);
		kill(-pid, SIGCONT);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status));
}

static pid_t on_terminal(void (*job)(void), int *master)
{
	pid_t pid = forkpty(master, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (pid == 0)
		lead(job);
	return pid;
}

static int end_of(pid_t pid, int master)
{
	char text[256];
	int status;
	while (read(master, text, sizeof text) > 0)
		continue;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(master);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The child says that it is there, is stopped together with its caller, and reads what is typed. */
static void read_a_line(void)
{
	struct ss_result result = {.size = sizeof result};
	int r = ss_run(ARGV("sh", "-c", "echo ready >&2; read line; echo $line"),
		SS_OPTIONS(.err = SS_FD(2)), IO(.timeout_ms = 60000), &result);
	_exit(r == 0 && !strcmp(result.out, "typed\n") ? 0 : 1);
}

static void the_child_reads_the_terminal(void **unused)
{
	(void)unused;
	int master;
	pid_t pid = on_terminal(read_a_line, &master);
	await_word(master, "ready");
	assert_int_equal(write(master, "typed\n", 6), 6);
	assert_int_equal(end_of(pid, master), 0);
}

static void control_z_stops_both_and_fg_continues_both(void **unused)
{
	(void)unused;
	skip_in_valgrind("does not stop for SIGTSTP");
	int master;
	pid_t pid = on_terminal(read_a_line, &master);
	await_word(master, "ready");
	assert_int_equal(write(master, "\032", 1), 1);
	await_word(master, "stopped");
	assert_int_equal(write(master, "typed\n", 6), 6);
	assert_int_equal(end_of(pid, master), 0);
}

static void control_c_ends_both(void **unused)
{
	(void)unused;
	int master;
	pid_t pid = on_terminal(read_a_line, &master);
	await_word(master, "ready");
	assert_int_equal(write(master, "\003", 1), 1);
	assert_int_equal(end_of(pid, master), 100 + SIGINT);
}

/* Its descendants hold the pipe: an end of file means that none is left. */
static void time_out(void)
{
	int ends[2];
	char c;
	struct ss_result result = {.size = sizeof result};
	if (pipe(ends))
		_exit(2);
	const struct ss_fd_map map = {ends[1], 9};
	int r = ss_run(
		ARGV("sh", "-c", "sleep 1000 & sh -c 'sleep 1000 & sleep 1000; :' & echo hi; wait"),
		SS_OPTIONS(.fds = &map, .n_fds = 1), IO(.timeout_ms = 1000), &result);
	if (r != -1 || errno != ETIMEDOUT || result.status != SIGKILL)
		_exit(3);
	close(ends[1]);
	_exit(strcmp(result.out, "hi\n") || read(ends[0], &c, 1) != 0);
}

static void the_limit_ends_all_descendants(void **unused)
{
	(void)unused;
	int master;
	pid_t pid = on_terminal(time_out, &master);
	assert_int_equal(end_of(pid, master), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_child_reads_the_terminal),
		TEST(control_z_stops_both_and_fg_continues_both),
		TEST(control_c_ends_both),
		TEST(the_limit_ends_all_descendants),
	};
	return RUN_TESTS(tests);
}
