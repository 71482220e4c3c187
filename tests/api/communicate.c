/* SPDX-License-Identifier: MIT */
/* ss_communicate, ss_run and ss_result_free. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "run.h"
#include "seccomp.h"

#define RESULT                                                                                     \
	{                                                                                          \
		.size = sizeof(struct ss_result)                                                   \
	}
#define IO(...) (&(struct ss_io){.size = sizeof(struct ss_io), __VA_ARGS__})

static void run_gives_output_and_status(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	errno = EDOM;
	assert_int_equal(
		ss_run(ARGV("sh", "-c", "echo out; echo err >&2; exit 3"), NULL, NULL, &result), 0);
	assert_int_equal(errno, EDOM);
	assert_int_equal(result.status, 3 << 8);
	assert_string_equal(result.out, "out\n");
	assert_int_equal(result.out_len, 4);
	assert_string_equal(result.err, "err\n");
	assert_false(result.timed_out);
	assert_false(result.truncated);
	assert_int_equal(result.size, sizeof result);
	ss_result_free(&result);
	assert_null(result.out);
	ss_result_free(&result);
	ss_result_free(NULL);
}

static void run_reports_what_spawn_reports(void **unused)
{
	(void)unused;
	struct ss_failure failure = {SS_STAGE_NONE, 0};
	struct ss_result result = RESULT, before = result;
	assert_int_equal(
		ss_run(ARGV("/nonexistent"), SS_OPTIONS(.failure = &failure), NULL, &result), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(failure.stage, SS_STAGE_EXEC);
	assert_memory_equal(&result, &before, sizeof result);
	assert_int_equal(ss_run(ARGV("true"), SS_OPTIONS(.pdeathsig = -1, .failure = &failure),
				 NULL, &result),
		-1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(failure.stage, SS_STAGE_OPTIONS);
}

static void no_output_is_an_empty_text(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	assert_int_equal(ss_run(ARGV("true"), SS_OPTIONS(.err = SS_NULL), NULL, &result), 0);
	assert_string_equal(result.out, "");
	assert_null(result.err);
	ss_result_free(&result);
}

/* Far more than pipes hold, in all three directions. One direction after the other would block. */
static void nothing_blocks_anything_else(void **unused)
{
	(void)unused;
	size_t len = 3 << 20;
	char *input = malloc(len);
	for (size_t i = 0; i < len; i++)
		input[i] = (char)(i * 7 % 251);
	struct ss_result result = RESULT;
	assert_int_equal(ss_run(ARGV("tee", "/dev/stderr"), NULL,
				 IO(.input = input, .input_len = len), &result),
		0);
	assert_int_equal(result.status, 0);
	assert_int_equal(result.out_len, len);
	assert_int_equal(result.err_len, len);
	assert_memory_equal(result.out, input, len);
	assert_memory_equal(result.err, input, len);
	ss_result_free(&result);
	assert_int_equal(
		ss_run(ARGV(victim("SPEW"), "1000000", "2000000"), NULL, NULL, &result), 0);
	assert_int_equal(result.out_len, 1000000);
	assert_int_equal(result.err_len, 2000000);
	assert_int_equal(result.out[1000000], 0);
	ss_result_free(&result);
	free(input);
}

static void beyond_the_limit_it_is_read_and_dropped(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	assert_int_equal(
		ss_run(ARGV(victim("SPEW"), "500000", "10"), NULL, IO(.limit = 1234), &result), 0);
	assert_int_equal(result.status, 0);
	assert_int_equal(result.out_len, 1234);
	assert_int_equal(strlen(result.out), 1234);
	assert_int_equal(result.err_len, 10);
	assert_true(result.truncated);
	ss_result_free(&result);
	assert_int_equal(
		ss_run(ARGV(victim("SPEW"), "10", "10"), NULL, IO(.limit = 10), &result), 0);
	assert_false(result.truncated);
	ss_result_free(&result);
}

/* Rule 24; the leak check looks for a SIGPIPE left pending or blocked. */
static void a_child_that_does_not_read_is_no_error(void **unused)
{
	(void)unused;
	size_t len = 1 << 20;
	char *input = calloc(1, len);
	struct ss_result result = RESULT;
	assert_int_equal(
		ss_run(ARGV("true"), NULL, IO(.input = input, .input_len = len), &result), 0);
	assert_int_equal(result.status, 0);
	ss_result_free(&result);
	free(input);
}

static void a_pending_sigpipe_of_the_program_stays_its_own(void **unused)
{
	(void)unused;
	sigset_t set, old, pending;
	char *input = calloc(1, 1 << 20);
	struct ss_result result = RESULT;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	raise(SIGPIPE);
	int r = ss_run(ARGV("true"), NULL, IO(.input = input, .input_len = 1 << 20), &result);
	sigpending(&pending);
	int sig = 0;
	if (sigismember(&pending, SIGPIPE))
		sigwait(&set, &sig);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(r, 0);
	assert_int_equal(sig, SIGPIPE);
	ss_result_free(&result);
	free(input);
}

/* Repeats the run with a longer time limit until the child has written. */
static int run_until_it_has_written(const char *script, int timeout_ms, struct ss_result *result)
{
	for (;; timeout_ms *= 4) {
		int r = ss_run(
			ARGV("sh", "-c", script), NULL, IO(.timeout_ms = timeout_ms), result);
		if (r == 0 || errno != ETIMEDOUT || result->out[0] || timeout_ms > 60000)
			return r;
		ss_result_free(result);
	}
}

/* Rule 23: the grandchild has the pipe, and ends with the group. */
static void a_timeout_kills_the_group_and_keeps_what_was_read(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	assert_int_equal(
		run_until_it_has_written("echo before; sleep 1000 & sleep 1000", 200, &result), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(result.timed_out);
	assert_string_equal(result.out, "before\n");
	assert_int_equal(result.status, SIGKILL);
	ss_result_free(&result);
}

/* A pipe of the test's own, which a member of the group has as well: it ends with the last of them. */
static void a_timeout_leaves_nobody_of_the_group(void **unused)
{
	(void)unused;
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	struct ss_fd_map map = {ends[1], 9};
	struct ss_result result = RESULT;
	assert_int_equal(
		ss_run(ARGV("sh", "-c", "sleep 1000 & exec 9>&-; sleep 1000"),
			SS_OPTIONS(.fds = &map, .n_fds = 1), IO(.timeout_ms = 1000), &result),
		-1);
	assert_int_equal(errno, ETIMEDOUT);
	close(ends[1]);
	struct pollfd end = {.fd = ends[0], .events = POLLIN};
	assert_int_equal(poll(&end, 1, 60000), 1);
	close(ends[0]);
	ss_result_free(&result);
}

static void a_grandchild_out_of_the_group_does_not_hold_us(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	assert_int_equal(
		run_until_it_has_written(
			"setsid sh -c 'echo $$; exec sleep 1000' & sleep 1000", 1000, &result),
		-1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(atoi(result.out) > 0);
	assert_int_equal(kill(atoi(result.out), SIGKILL), 0);
	ss_result_free(&result);
}

/* The test's own standard input has no data and no end. */
static void an_empty_input_is_an_end_of_file(void **unused)
{
	(void)unused;
	int ends[2], before = fcntl(0, F_DUPFD_CLOEXEC, 3);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	dup2(ends[0], 0);
	struct ss_result result = RESULT;
	int r = ss_run(ARGV("cat"), NULL, IO(.input = "", .timeout_ms = 60000), &result);
	dup2(before, 0);
	close(before);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(r, 0);
	assert_int_equal(result.status, 0);
	assert_string_equal(result.out, "");
	ss_result_free(&result);
}

static void a_child_that_closes_its_output_can_still_time_out(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	/* On a slow machine the time may be up before the child has started. */
	for (int ms = 100; ms < 100000 && !result.status_known; ms *= 2) {
		ss_result_free(&result);
		assert_int_equal(ss_run(ARGV("sh", "-c", "exec >&- 2>&-; sleep 1000"), NULL,
					 IO(.timeout_ms = ms), &result),
			-1);
		assert_int_equal(errno, ETIMEDOUT);
	}
	assert_int_equal(result.status, SIGKILL);
	ss_result_free(&result);
}

/* The test replaces the pipe by a file that always has more. */
static void what_never_stops_coming_can_still_time_out(void **unused)
{
	(void)unused;
	struct ss_child child;
	struct ss_result result = RESULT;
	assert_int_equal(ss_spawn(&child, ARGV("sleep", "1000"), SS_OPTIONS(.out = SS_PIPE)), 0);
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_int_equal(dup3(zero, child.out, O_CLOEXEC), child.out);
	close(zero);
	assert_int_equal(ss_communicate(&child, IO(.timeout_ms = 50, .limit = 10), &result), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(result.status, SIGKILL);
	assert_int_equal(result.out_len, 10);
	ss_result_free(&result);
	ss_release(&child);
}

/* EIO is the end of a terminal only: address 0 of a process cannot be read either. */
static void an_error_of_reading_is_no_end_of_file(void **unused)
{
	(void)unused;
	struct ss_child child;
	struct ss_result result = RESULT;
	assert_int_equal(ss_spawn(&child, ARGV("sleep", "1000"), SS_OPTIONS(.out = SS_PIPE)), 0);
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	assert_int_equal(dup3(memory, child.out, O_CLOEXEC), child.out);
	close(memory);
	int r = ss_communicate(&child, IO(.timeout_ms = 60000), &result), error = errno;
	if (r < 0)
		ss_terminate(&child, NULL, 0);
	ss_result_free(&result);
	ss_release(&child);
	assert_int_equal(r, -1);
	assert_int_equal(error, EIO);
}

static void a_timeout_with_sigchld_ignored_is_still_one(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	signal(SIGCHLD, SIG_IGN);
	int r = run_until_it_has_written("echo before; exec sleep 1000", 200, &result);
	int error = errno;
	signal(SIGCHLD, SIG_DFL);
	assert_int_equal(r, -1);
	assert_int_equal(error, ETIMEDOUT);
	assert_true(result.timed_out);
	assert_string_equal(result.out, "before\n");
	ss_result_free(&result);
}

/* The pipe is the test's own, and what is left behind does not hold the result's. */
static void with_sigchld_ignored_what_the_child_leaves_behind_stays(void **unused)
{
	(void)unused;
	int ends[2];
	struct ss_result result = RESULT;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	const struct ss_fd_map map = {ends[1], 5};
	signal(SIGCHLD, SIG_IGN);
	int r = ss_run(ARGV("sh", "-c", "sleep 1000 >&- 2>&- & echo $! >&5"),
		SS_OPTIONS(.fds = &map, .n_fds = 1), IO(.timeout_ms = 60000), &result);
	int error = r ? errno : 0;
	signal(SIGCHLD, SIG_DFL);
	close(ends[1]);
	char text[16] = "";
	assert_true(read(ends[0], text, sizeof text - 1) > 0);
	struct pollfd p = {.fd = ends[0], .events = POLLIN};
	int gone = poll(&p, 1, 200);
	if (!gone)
		kill(atoi(text), SIGKILL);
	close(ends[0]);
	assert_false(gone);
	assert_int_equal(r, kernel_keeps_statuses() ? 0 : -1);
	assert_int_equal(error, r ? ECHILD : 0);
	ss_result_free(&result);
}

static void usage_is_the_childs(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	assert_int_equal(ss_run(ARGV("true"), NULL, NULL, &result), 0);
	assert_true(sizeof(long) < 8 || result.usage.ru_maxrss > 0);
	ss_result_free(&result);
}

static void what_the_options_map_is_not_captured(void **unused)
{
	(void)unused;
	int ends[2];
	char text[16];
	struct ss_result result = RESULT;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	const struct ss_fd_map map = {ends[1], 1};
	assert_int_equal(ss_run(ARGV("sh", "-c", "echo out; echo err >&2"),
				 SS_OPTIONS(.fds = &map, .n_fds = 1), NULL, &result),
		0);
	close(ends[1]);
	read_all(ends[0], text, sizeof text);
	close(ends[0]);
	assert_string_equal(text, "out\n");
	assert_null(result.out);
	assert_string_equal(result.err, "err\n");
	ss_result_free(&result);
}

static void without_a_result_everything_is_inherited(void **unused)
{
	(void)unused;
	int ends[2];
	char text[16];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	int saved = fcntl(1, F_DUPFD_CLOEXEC, 10);
	dup2(ends[1], 1);
	int r = ss_run(ARGV("echo", "hi"), NULL, NULL, NULL);
	dup2(saved, 1);
	close(saved);
	close(ends[1]);
	read_all(ends[0], text, sizeof text);
	close(ends[0]);
	assert_int_equal(r, 0);
	assert_string_equal(text, "hi\n");
}

static void communicate_needs_a_pipe_for_input_and_a_child(void **unused)
{
	(void)unused;
	struct ss_child child;
	struct ss_result result = RESULT;
	assert_int_equal(ss_spawn(&child, ARGV("true"), NULL), 0);
	assert_int_equal(ss_communicate(&child, IO(.input = "x", .input_len = 1), &result), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_communicate(&child, IO(.timeout_ms = -5), &result), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_communicate(NULL, NULL, &result), -1);
	assert_int_equal(errno, EINVAL);
	result.size = 0;
	assert_int_equal(ss_communicate(&child, NULL, &result), -1);
	assert_int_equal(errno, EINVAL);
	result.size = sizeof result;
	assert_int_equal(ss_communicate(&child, NULL, &result), 0);
	assert_null(result.out);
	assert_int_equal(ss_communicate(&child, NULL, &result), -1);
	assert_int_equal(errno, ECHILD);
	ss_release(&child);
	assert_int_equal(ss_run(ARGV("true"), SS_OPTIONS(.in = SS_NULL),
				 IO(.input = "x", .input_len = 1), &result),
		-1);
	assert_int_equal(errno, EINVAL);
}

static void *communicate_for_ever(void *child)
{
	struct ss_result result = RESULT;
	char *input = calloc(1, 1 << 20);
	pthread_cleanup_push(free, input);
	ss_communicate(child, IO(.input = input, .input_len = 1 << 20), &result);
	pthread_cleanup_pop(1);
	return NULL;
}

static void cancelled_it_leaves_nothing_but_the_child(void **unused)
{
	(void)unused;
	struct ss_child child;
	pthread_t thread;
	void *end;
	assert_int_equal(ss_spawn(&child, ARGV("sh", "-c", "echo ready; exec sleep 1000"),
				 SS_OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = SS_PIPE)),
		0);
	assert_int_equal(pthread_create(&thread, NULL, communicate_for_ever, &child), 0);
	usleep(50000);
	assert_int_equal(pthread_cancel(thread), 0);
	assert_int_equal(pthread_join(thread, &end), 0);
	assert_ptr_equal(end, PTHREAD_CANCELED);
	assert_true(child.pid > 0);
	assert_false(fcntl(child.in, F_GETFL) & O_NONBLOCK);
	assert_false(fcntl(child.out, F_GETFL) & O_NONBLOCK);
	assert_false(fcntl(child.err, F_GETFL) & O_NONBLOCK);
	assert_int_equal(ss_terminate(&child, NULL, 0), 0);
	ss_release(&child);
}

static void *run_for_ever(void *unused)
{
	struct ss_result result = RESULT;
	ss_run(ARGV("sleep", "1000"), NULL, NULL, &result);
	return unused;
}

static void run_cancelled_leaves_nothing(void **unused)
{
	(void)unused;
	cancel_at_many_moments(run_for_ever, 500);
}

static int echo_much_without_setfl(void)
{
	static char much[300000];
	/* F_DUPFD_CLOEXEC has the bit, and others. */
	const struct refusal refusal = {
		SYS_fcntl, EPERM, 1, F_SETFL | (uint64_t)(uint32_t)~F_SETFL << 32};
	struct ss_result result = RESULT;
	alarm(patience(60));
	memset(much, 'x', sizeof much);
	if (refuse_calls(&refusal, 1))
		return 77;
	if (fcntl(0, F_SETFL, O_RDWR) == 0)
		return 77;
	if (ss_run(ARGV("cat"), NULL, IO(.input = much, .input_len = sizeof much), &result))
		return 1;
	bool same = result.out_len == sizeof much && !memcmp(result.out, much, sizeof much);
	ss_result_free(&result);
	return same ? 0 : 2;
}

/* Both pipes fill up: a write that blocks would never end. */
static void a_pipe_that_cannot_be_made_non_blocking(void **unused)
{
	(void)unused;
	pid_t pid = fork();
	if (pid == 0)
		_exit(echo_much_without_setfl());
	assert_child_passes(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(run_gives_output_and_status),
		TEST(run_reports_what_spawn_reports),
		TEST(no_output_is_an_empty_text),
		TEST(nothing_blocks_anything_else),
		TEST(beyond_the_limit_it_is_read_and_dropped),
		TEST(a_child_that_does_not_read_is_no_error),
		TEST(a_pending_sigpipe_of_the_program_stays_its_own),
		TEST(a_timeout_kills_the_group_and_keeps_what_was_read),
		TEST(a_timeout_leaves_nobody_of_the_group),
		TEST(a_grandchild_out_of_the_group_does_not_hold_us),
		TEST(an_empty_input_is_an_end_of_file),
		TEST(a_child_that_closes_its_output_can_still_time_out),
		TEST(what_never_stops_coming_can_still_time_out),
		TEST(an_error_of_reading_is_no_end_of_file),
		TEST(a_timeout_with_sigchld_ignored_is_still_one),
		TEST(with_sigchld_ignored_what_the_child_leaves_behind_stays),
		TEST(usage_is_the_childs),
		TEST(what_the_options_map_is_not_captured),
		TEST(without_a_result_everything_is_inherited),
		TEST(communicate_needs_a_pipe_for_input_and_a_child),
		TEST(a_pipe_that_cannot_be_made_non_blocking),
		TEST(cancelled_it_leaves_nothing_but_the_child),
		TEST(run_cancelled_leaves_nothing),
	};
	return RUN_TESTS(tests);
}
