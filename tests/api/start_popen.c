/* SPDX-License-Identifier: MIT */
/*
 * ss_popen while its command takes long to start. A seccomp filter of the calling thread keeps the
 * command in execve until somebody lets it go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "kept_exec.h"
#include "leak.h"

/* A bound for the test, not a measure of anything. */
enum { SOON_S = 30 };

static atomic_int listener = -1;

/* A command that waits has the listener itself, and would wait for ever. */
static void end_group(pid_t group)
{
	kill(-group, SIGKILL);
	while (waitpid(-group, NULL, 0) > 0)
		;
}

static int in_subject(void (*subject)(void))
{
	int status;
	needs_clone();
	needs_shared_memory();
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		alarm(patience(SOON_S));
		subject();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	end_group(pid);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	if (status == KEPT_EXEC_NO_FILTER << 8)
		skip();
	return status;
}

static void signal_often(int every_ms)
{
	const suseconds_t us = every_ms * 1000;
	const struct itimerval often = {{0, us}, {0, us}};
	setitimer(ITIMER_REAL, &often, NULL);
}

/* ---- Signals ---------------------------------------------------------------------------------- */

static void wait_to_be_killed(void)
{
	listener = kept_exec_begin();
	signal_often(20);
	ss_popen("exit 0", "r");
}

static void a_signal_ends_a_caller_that_waits(void **unused)
{
	(void)unused;
	int status = in_subject(wait_to_be_killed);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
}

static volatile sig_atomic_t handled;

static void answer_the_third(int sig)
{
	(void)sig;
	if (++handled == 3)
		kept_exec_let_go(listener, kept_exec_await(listener, NULL));
}

static void handle_while_waiting(void)
{
	sigset_t before, after;
	listener = kept_exec_begin();
	signal(SIGALRM, answer_the_third);
	signal_often(20);
	sigprocmask(SIG_SETMASK, NULL, &before);
	FILE *stream = ss_popen("exit 5", "r");
	sigprocmask(SIG_SETMASK, NULL, &after);
	signal_often(0);
	if (!stream || handled < 3 || memcmp(&before, &after, sizeof(uint64_t)) != 0)
		_exit(2);
	if (ss_pclose(stream) != 5 << 8)
		_exit(3);
}

static void handlers_run_while_the_caller_waits(void **unused)
{
	(void)unused;
	assert_int_equal(in_subject(handle_while_waiting), 0);
}

static bool in_forked;

static void fork_once(int sig)
{
	(void)sig;
	if (in_forked || handled++)
		return;
	pid_t pid = fork();
	in_forked = pid == 0;
	if (pid == 0)
		return;
	int status;
	if (waitpid(pid, &status, 0) != pid || status)
		_exit(4);
	kept_exec_let_go(listener, kept_exec_await(listener, NULL));
}

/* Without a filter, which execs of the forked process would inherit, it could open a stream. */
static void fork_while_waiting(void)
{
	listener = kept_exec_begin();
	signal(SIGALRM, fork_once);
	signal_often(20);
	FILE *stream = ss_popen("exit 5", "r");
	int error = errno;
	if (in_forked)
		_exit(stream || error != ECHILD || ss_popen("exit 0", "x"));
	signal_often(0);
	if (!stream || ss_pclose(stream) != 5 << 8)
		_exit(5);
}

static void a_forked_process_does_not_wait_for_it(void **unused)
{
	(void)unused;
	assert_int_equal(in_subject(fork_while_waiting), 0);
}

static sigjmp_buf back;

static void leave(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static int open_descriptors(void)
{
	int n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Later spawns have another stack, and the library knows by the frame that its caller has left. */
static void overwrite_frames(void)
{
	volatile char frames[65536];
	for (size_t i = 0; i < sizeof frames; i++)
		frames[i] = 1;
}

static void *leave_in_thread(void *unused)
{
	(void)unused;
	listener = kept_exec_begin();
	signal(SIGALRM, leave);
	if (sigsetjmp(back, 1) == 0) {
		signal_often(20);
		ss_popen("read line; exit 6", "w");
		_exit(6);
	}
	signal_often(0);
	overwrite_frames();
	return NULL;
}

/* The command's input ends, and none of the pipe's ends is left. */
static void leave_and_go_on(void)
{
	pthread_t thread;
	int status;
	int before = open_descriptors() + 1; /* the listener */
	sigset_t alarm_only;
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	pthread_create(&thread, NULL, leave_in_thread, NULL);
	pthread_sigmask(SIG_BLOCK, &alarm_only, NULL);
	pthread_join(thread, NULL);
	kept_exec_let_go(listener, kept_exec_await(listener, NULL));
	for (int i = 0; i < 64; i++)
		if (ss_system("exit 0"))
			_exit(7);
	if (open_descriptors() != before)
		_exit(8);
	if (waitpid(-1, &status, 0) <= 0 || status != 6 << 8)
		_exit(9);
}

static void a_handler_may_leave_by_siglongjmp(void **unused)
{
	(void)unused;
	assert_int_equal(in_subject(leave_and_go_on), 0);
}

/* ---- Other threads ---------------------------------------------------------------------------- */

static char slow_fds[256];

static void read_fds(char *text, size_t size)
{
	FILE *stream = ss_popen("echo /proc/self/fd/*", "r");
	if (!stream || !fgets(text, (int)size, stream) || ss_pclose(stream))
		_exit(10);
}

static void *read_fds_slowly(void *unused)
{
	(void)unused;
	listener = kept_exec_begin();
	read_fds(slow_fds, sizeof slow_fds);
	return NULL;
}

static void *await_and_open(void *stream)
{
	while (listener < 0)
		usleep(1000);
	uint64_t exec = kept_exec_await(listener, NULL);
	*(FILE **)stream = ss_popen("read line", "w");
	kept_exec_let_go(listener, exec);
	return NULL;
}

/* The stream that is opened meanwhile does not get into the slow command. */
static void open_another_meanwhile(void)
{
	pthread_t slow, quick;
	FILE *stream = NULL;
	char fds[sizeof slow_fds];
	pthread_create(&quick, NULL, await_and_open, &stream);
	pthread_create(&slow, NULL, read_fds_slowly, NULL);
	pthread_join(quick, NULL);
	pthread_join(slow, NULL);
	if (!stream || fcntl(fileno(stream), F_GETFD) != 0)
		_exit(11);
	read_fds(fds, sizeof fds);
	char name[32];
	snprintf(name, sizeof name, "/proc/self/fd/%d", fileno(stream));
	if (strstr(fds, name) || strstr(slow_fds, name))
		_exit(12);
	if (ss_pclose(stream) != 1 << 8)
		_exit(13);
}

static void another_thread_opens_one_meanwhile(void **unused)
{
	(void)unused;
	assert_int_equal(in_subject(open_another_meanwhile), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signal_ends_a_caller_that_waits),
		TEST(handlers_run_while_the_caller_waits),
		TEST(a_forked_process_does_not_wait_for_it),
		TEST(a_handler_may_leave_by_siglongjmp),
		TEST(another_thread_opens_one_meanwhile),
	};
	return RUN_TESTS(tests);
}
