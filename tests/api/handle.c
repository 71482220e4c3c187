/* SPDX-License-Identifier: MIT */
/* The child afterwards: ss_wait, ss_kill, ss_release. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"

static void wait_gives_the_status_as_wait_does(void **unused)
{
	(void)unused;
	assert_int_equal(run_to_end(ARGV("sh", "-c", "exit 7"), OPTIONS(.flags = 0)), 7 << 8);
	assert_int_equal(run_to_end(ARGV("sh", "-c", "exit 255"), OPTIONS(.flags = 0)), 255 << 8);
	assert_int_equal(run_to_end(ARGV("sh", "-c", "kill -9 $$"), OPTIONS(.flags = 0)), SIGKILL);
	assert_int_equal(
		run_to_end(ARGV("sh", "-c", "ulimit -c 0; kill -TERM $$"), OPTIONS(.flags = 0)),
		SIGTERM);
}

static void wait_times_out_and_then_still_works(void **unused)
{
	(void)unused;
	struct ss_child child;
	int status = 0x1234;
	start(&child, ARGV("cat"), OPTIONS(.in = SS_PIPE, .out = SS_NULL));
	assert_int_equal(ss_wait(&child, &status, 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(ss_wait(&child, &status, 30), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(status, 0x1234);
	assert_true(child.pid > 0);
	close(child.in);
	child.in = -1;
	assert_int_equal(ss_wait(&child, &status, 60000), 0);
	assert_int_equal(status, 0);
	assert_int_equal(child.pid, 0);
	assert_int_equal(ss_wait(&child, &status, 0), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(ss_wait(&child, &status, -1), -1);
	assert_int_equal(errno, ECHILD);
	ss_release(&child);
}

static void the_pidfd_becomes_readable_at_the_end(void **unused)
{
	(void)unused;
	struct ss_child child;
	start(&child, ARGV("cat"), OPTIONS(.in = SS_PIPE, .out = SS_NULL));
	if (child.pidfd < 0) {
		ss_terminate(&child, NULL, 0);
		ss_release(&child);
		skip();
	}
	struct pollfd p = {.fd = child.pidfd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 0), 0);
	close(child.in);
	child.in = -1;
	assert_int_equal(poll(&p, 1, 60000), 1);
	assert_int_equal(ss_wait(&child, NULL, 0), 0);
	ss_release(&child);
}

/* As an event loop makes it; from Linux 5.10 on waitid then says EAGAIN. */
static void dont_block(struct ss_child *child)
{
	if (child->pidfd >= 0)
		assert_int_equal(fcntl(child->pidfd, F_SETFL, O_NONBLOCK), 0);
}

static void a_pidfd_that_does_not_block_is_waited_for(void **unused)
{
	(void)unused;
	struct ss_child child;
	struct ss_result result = {.size = sizeof result};
	int status;
	start(&child, ARGV("sleep", "0.2"), OPTIONS(.flags = 0));
	dont_block(&child);
	assert_int_equal(ss_wait(&child, &status, -1), 0);
	assert_int_equal(status, 0);
	ss_release(&child);
	start(&child, ARGV(victim("STUBBORN")), OPTIONS(.out = SS_PIPE));
	await_ready(&child);
	dont_block(&child);
	assert_int_equal(ss_terminate(&child, &status, 20), 0);
	assert_int_equal(status, SIGKILL);
	ss_release(&child);
	start(&child, ARGV("sh", "-c", "exec >&-; sleep 0.2"), OPTIONS(.out = SS_PIPE));
	dont_block(&child);
	assert_int_equal(ss_communicate(&child, NULL, &result), 0);
	ss_result_free(&result);
	ss_release(&child);
}

static void everything_works_without_a_pidfd(void **unused)
{
	(void)unused;
	struct ss_child child;
	int status;
	start(&child, ARGV("cat"), OPTIONS(.in = SS_PIPE, .out = SS_NULL, .flags = SS_NO_PIDFD));
	assert_int_equal(child.pidfd, -1);
	assert_int_equal(ss_wait(&child, &status, 30), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(ss_kill(&child, SIGTERM), 0);
	assert_int_equal(ss_wait(&child, &status, 60000), 0);
	assert_int_equal(status, SIGTERM);
	ss_release(&child);
	start(&child, ARGV(victim("STUBBORN"), "child"),
		OPTIONS(.out = SS_PIPE, .flags = SS_NO_PIDFD | SS_NEW_GROUP));
	await_ready(&child);
	assert_int_equal(ss_terminate(&child, &status, 50), 0);
	assert_int_equal(status, SIGTERM);
	char text[8];
	read_all(child.out, text, sizeof text);
	ss_release(&child);
	assert_fails(ARGV("/nonexistent"), OPTIONS(.flags = SS_NO_PIDFD), SS_STAGE_EXEC, ENOENT);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void wait_is_interrupted_by_a_handler(void **unused)
{
	(void)unused;
	struct ss_child child;
	struct sigaction old, action = {.sa_handler = on_alarm};
	start(&child, ARGV("cat"), OPTIONS(.in = SS_PIPE, .out = SS_NULL));
	sigaction(SIGALRM, &action, &old);
	/* Again and again, because the first could come before the wait. */
	const struct itimerval often = {{0, 20000}, {0, 20000}};
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(ss_wait(&child, NULL, -1), -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(ss_wait(&child, NULL, 60000), -1);
	assert_int_equal(errno, EINTR);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_int_equal(ss_terminate(&child, NULL, 0), 0);
	ss_release(&child);
}

static void reap_and_say(void *arg)
{
	pid_t pid = *(pid_t *)arg;
	_exit(waitpid(pid, NULL, 0) == pid ? 3 : 4);
}

/* Even the only thread can have cancelled itself. */
static void wait_once_cancelled(void)
{
	struct ss_child child;
	start(&child, ARGV(victim("NOTHING")), OPTIONS(.flags = 0));
	pthread_cancel(pthread_self());
	pthread_cleanup_push(reap_and_say, &child.pid);
	ss_wait(&child, NULL, -1);
	pthread_cleanup_pop(0);
	_exit(5);
}

static void a_cancelled_wait_has_reaped_nothing(void **unused)
{
	(void)unused;
	int status;
	pid_t pid = fork();
	if (pid == 0)
		wait_once_cancelled();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 3 << 8);
}

static void kill_reaches_the_child_and_never_another(void **unused)
{
	(void)unused;
	struct ss_child child;
	int status;
	start(&child, ARGV("cat"), OPTIONS(.in = SS_PIPE, .out = SS_NULL));
	assert_int_equal(ss_kill(&child, 0), 0);
	assert_int_equal(ss_kill(&child, 999), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_kill(&child, SIGTERM), 0);
	assert_int_equal(ss_wait(&child, &status, -1), 0);
	assert_int_equal(status, SIGTERM);
	assert_int_equal(ss_kill(&child, SIGTERM), -1);
	assert_int_equal(errno, ESRCH);
	ss_release(&child);
}

/* Somebody else has reaped it, and with that its pid is anybody's. */
static void a_child_reaped_by_a_stranger_is_not_mistaken(void **unused)
{
	(void)unused;
	struct ss_child child;
	start(&child, ARGV("true"), OPTIONS(.flags = 0));
	if (child.pidfd >= 0) {
		assert_int_equal(waitpid(child.pid, NULL, 0), child.pid);
		assert_int_equal(ss_kill(&child, SIGKILL), -1);
		assert_int_equal(errno, ESRCH);
		if (kernel_keeps_statuses())
			assert_int_equal(ss_wait(&child, NULL, 60000), 0);
		assert_int_equal(ss_wait(&child, NULL, -1), -1);
		assert_int_equal(errno, ECHILD);
		assert_int_equal(ss_wait(&child, NULL, 1000), -1);
		assert_int_equal(errno, ECHILD);
	} else {
		assert_int_equal(ss_wait(&child, NULL, -1), 0);
	}
	ss_release(&child);
}

static void with_sigchld_ignored_there_is_nothing_to_wait_for(void **unused)
{
	(void)unused;
	struct ss_child child;
	signal(SIGCHLD, SIG_IGN);
	start(&child, ARGV("true"), OPTIONS(.flags = SS_NO_PIDFD));
	assert_int_equal(ss_wait(&child, NULL, -1), -1);
	assert_int_equal(errno, ECHILD);
	ss_release(&child);
	assert_fails(ARGV("/nonexistent"), OPTIONS(.flags = 0), SS_STAGE_EXEC, ENOENT);
	signal(SIGCHLD, SIG_DFL);
}

static void release_closes_and_no_more(void **unused)
{
	(void)unused;
	struct ss_child child;
	start(&child, ARGV("cat"), OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = SS_PIPE));
	pid_t pid = child.pid;
	assert_int_equal(ss_release(&child), 0);
	assert_int_equal(child.in, -1);
	assert_int_equal(child.out, -1);
	assert_int_equal(child.err, -1);
	assert_int_equal(child.pidfd, -1);
	assert_int_equal(child.pid, pid);
	assert_int_equal(ss_release(&child), 0);
	assert_int_equal(ss_wait(&child, NULL, -1), 0);
}

/* The struct as a failed spawn leaves it. */
static void release_of_nothing_closes_nothing(void **unused)
{
	(void)unused;
	struct ss_child child = {0};
	assert_int_equal(ss_spawn(&child, ARGV("/nonexistent"), NULL), -1);
	assert_int_equal(ss_release(&child), 0);
	assert_int_equal(ss_release(NULL), 0);
	assert_int_equal(ss_wait(&child, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(ss_kill(&child, SIGKILL), -1);
	assert_int_equal(errno, ESRCH);
}

static void bad_requests_are_refused(void **unused)
{
	(void)unused;
	struct ss_child child;
	assert_int_equal(ss_wait(NULL, NULL, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_kill(NULL, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_terminate(NULL, NULL, 0), -1);
	assert_int_equal(errno, EINVAL);
	start(&child, ARGV("true"), OPTIONS(.flags = 0));
	assert_int_equal(ss_wait(&child, NULL, -2), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_wait(&child, NULL, -1), 0);
	ss_release(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wait_gives_the_status_as_wait_does),
		TEST(wait_times_out_and_then_still_works),
		TEST(the_pidfd_becomes_readable_at_the_end),
		TEST(a_pidfd_that_does_not_block_is_waited_for),
		TEST(everything_works_without_a_pidfd),
		TEST(wait_is_interrupted_by_a_handler),
		TEST(a_cancelled_wait_has_reaped_nothing),
		TEST(kill_reaches_the_child_and_never_another),
		TEST(a_child_reaped_by_a_stranger_is_not_mistaken),
		TEST(with_sigchld_ignored_there_is_nothing_to_wait_for),
		TEST(release_closes_and_no_more),
		TEST(release_of_nothing_closes_nothing),
		TEST(bad_requests_are_refused),
	};
	return RUN_TESTS(tests);
}
