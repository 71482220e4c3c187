/* SPDX-License-Identifier: MIT */
/* How ss_run and ss_communicate hand out output piece by piece, and how they end a child. */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "temp_dir.h"

#define RESULT                                                                                     \
	{                                                                                          \
		.size = sizeof(struct ss_result)                                                   \
	}
#define IO(...) (&(struct ss_io){.size = sizeof(struct ss_io), __VA_ARGS__})

struct tally {
	size_t bytes[4];
	size_t stop_after; /* of stream 1 */
	char text[64];     /* the beginning of stream 1 */
};

static int count(void *context, int stream, const char *data, size_t len)
{
	struct tally *tally = context;
	size_t at = tally->bytes[stream];
	for (size_t i = 0; stream == 1 && i < len && at + i < sizeof tally->text - 1; i++)
		tally->text[at + i] = data[i];
	tally->bytes[stream] += len;
	return tally->stop_after && tally->bytes[1] >= tally->stop_after;
}

static void each_piece_is_given_and_none_kept(void **unused)
{
	(void)unused;
	struct tally tally = {.stop_after = 0};
	struct ss_result result = RESULT;
	assert_int_equal(ss_run(ARGV(victim("SPEW"), "3000000", "70000"), NULL,
				 IO(.on_output = count, .context = &tally, .limit = 10), &result),
		0);
	assert_int_equal(tally.bytes[1], 3000000);
	assert_int_equal(tally.bytes[2], 70000);
	assert_true(result.status_known);
	assert_int_equal(result.status, 0);
	assert_null(result.out);
	assert_null(result.err);
	assert_false(result.truncated);
	tally = (struct tally){.stop_after = 0};
	assert_int_equal(
		ss_run(ARGV("echo", "hi"), NULL, IO(.on_output = count, .context = &tally), NULL),
		0);
	assert_string_equal(tally.text, "hi\n");
}

/* In a group of its own: what the child has started ends with it. */
static void on_output_can_end_the_child(void **unused)
{
	(void)unused;
	struct tally tally = {.stop_after = 10};
	struct ss_result result = RESULT;
	assert_int_equal(ss_run(ARGV("sh", "-c", "yes & exec yes"), NULL,
				 IO(.on_output = count, .context = &tally), &result),
		-1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(result.status, SIGKILL);
	assert_false(result.timed_out);
	size_t seen = tally.bytes[1];
	assert_true(seen >= 10 && seen <= 1 << 17);
}

static int write_to_nobody(void *context, int stream, const char *data, size_t len)
{
	(void)stream, (void)data, (void)len;
	sigset_t mask;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	*(int *)context = sigismember(&mask, SIGPIPE);
	return 0;
}

/* What it writes may raise its own SIGPIPE, although input is fed at the same time. */
static void on_output_runs_with_the_callers_signals(void **unused)
{
	(void)unused;
	int blocked = -1;
	char *input = calloc(1, 1 << 20);
	assert_int_equal(ss_run(ARGV("cat"), NULL,
				 IO(.input = input, .input_len = 1 << 20,
					 .on_output = write_to_nobody, .context = &blocked),
				 NULL),
		0);
	assert_int_equal(blocked, 0);
	free(input);
}

static void each_stream_says_whether_it_was_cut(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	assert_int_equal(
		ss_run(ARGV(victim("SPEW"), "500", "5"), NULL, IO(.limit = 50), &result), 0);
	assert_true(result.truncated && result.out_truncated);
	assert_false(result.err_truncated);
	ss_result_free(&result);
	assert_int_equal(
		ss_run(ARGV(victim("SPEW"), "5", "500"), NULL, IO(.limit = 50), &result), 0);
	assert_true(result.truncated && result.err_truncated);
	assert_false(result.out_truncated);
	ss_result_free(&result);
}

/* The last words come after SIGTERM. */
static void the_grace_comes_before_the_kill(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	const char *polite = "trap 'echo bye; exit 4' TERM; echo hi; while :; do sleep 0.01; done";
	assert_int_equal(ss_run(ARGV("sh", "-c", polite), NULL,
				 IO(.timeout_ms = 1500, .grace_ms = 60000), &result),
		-1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(result.timed_out && result.status_known);
	assert_int_equal(result.status, 4 << 8);
	assert_string_equal(result.out, "hi\nbye\n");
	ss_result_free(&result);
	assert_int_equal(ss_run(ARGV(victim("STUBBORN")), NULL,
				 IO(.timeout_ms = 1500, .grace_ms = 50), &result),
		-1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(result.status, SIGKILL);
	assert_string_equal(result.out, "ready\n");
	ss_result_free(&result);
}

/* The other side of a FIFO never comes: the child does not get as far as exec. */
static void the_limit_covers_the_start(void **unused)
{
	(void)unused;
	needs_clone();
	struct temp_dir dir;
	char fifo[PATH_MAX];
	temp_dir_make(&dir);
	temp_dir_path(&dir, "fifo", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	struct ss_result results[2] = {RESULT, RESULT};
	char *const *const line[] = {ARGV("cat"), ARGV("cat")};
	assert_int_equal(ss_run(ARGV("cat"), SS_OPTIONS(.in = SS_READ(fifo)), IO(.timeout_ms = 100),
				 &results[0]),
		-1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(results[0].timed_out);
	assert_false(results[0].status_known);
	assert_int_equal(ss_run_pipeline(line, 2, SS_OPTIONS(.in = SS_READ(fifo)),
				 IO(.timeout_ms = 100), results),
		-1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(results[0].timed_out && results[1].timed_out);
	temp_dir_remove(&dir);
}

static void *run_on_fifo(void *fifo)
{
	ss_run(ARGV("cat"), SS_OPTIONS(.in = SS_READ((char *)fifo)), NULL, NULL);
	return NULL;
}

static void a_start_can_be_cancelled(void **unused)
{
	(void)unused;
	needs_clone();
	struct temp_dir dir;
	char fifo[PATH_MAX];
	pthread_t thread;
	void *end;
	temp_dir_make(&dir);
	temp_dir_path(&dir, "fifo", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, run_on_fifo, fifo), 0);
	usleep(20000);
	assert_int_equal(pthread_cancel(thread), 0);
	assert_int_equal(pthread_join(thread, &end), 0);
	assert_ptr_equal(end, PTHREAD_CANCELED);
	temp_dir_remove(&dir);
}

static void no_limit_may_be_said_by_minus_one(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	assert_int_equal(ss_run(ARGV("echo", "hi"), NULL, IO(.timeout_ms = -1), &result), 0);
	assert_string_equal(result.out, "hi\n");
	ss_result_free(&result);
	assert_int_equal(ss_run(ARGV("echo"), NULL, IO(.timeout_ms = -2), &result), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_run(ARGV("echo"), NULL, IO(.grace_ms = -2), &result), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_run(ARGV("echo"), NULL, IO(.flags = 1 << 5), &result), -1);
	assert_int_equal(errno, EINVAL);
}

/* The grandchild goes on, with the pipe, and says its number so that it can be ended. */
static void until_exit_does_not_wait_for_the_pipe(void **unused)
{
	(void)unused;
	static const uint64_t flags[] = {0, SS_NO_PIDFD};
	for (size_t i = 0; i < 2; i++) {
		struct ss_result result = RESULT;
		assert_int_equal(
			ss_run(ARGV("sh", "-c", "sleep 1000 & echo $!; echo err >&2; exit 6"),
				SS_OPTIONS(.flags = flags[i]), IO(.flags = SS_IO_UNTIL_EXIT),
				&result),
			0);
		assert_int_equal(result.status, 6 << 8);
		assert_string_equal(result.err, "err\n");
		assert_true(atoi(result.out) > 1);
		assert_int_equal(kill(atoi(result.out), SIGKILL), 0);
		ss_result_free(&result);
	}
}

static void until_exit_reads_all_that_the_child_wrote(void **unused)
{
	(void)unused;
	struct tally tally = {.stop_after = 0};
	struct ss_result result = RESULT;
	assert_int_equal(ss_run(ARGV(victim("SPEW"), "700000", "900000"), NULL,
				 IO(.flags = SS_IO_UNTIL_EXIT), &result),
		0);
	assert_int_equal(result.out_len, 700000);
	assert_int_equal(result.err_len, 900000);
	ss_result_free(&result);
	assert_int_equal(
		ss_run(ARGV(victim("SPEW"), "700000", "900000"), NULL,
			IO(.flags = SS_IO_UNTIL_EXIT, .on_output = count, .context = &tally), NULL),
		0);
	assert_int_equal(tally.bytes[1], 700000);
	assert_int_equal(tally.bytes[2], 900000);
}

/* Input that the child never reads does not keep us. */
static void until_exit_drops_the_input(void **unused)
{
	(void)unused;
	struct ss_result result = RESULT;
	char *input = calloc(1, 1 << 20);
	assert_int_equal(
		ss_run(ARGV("sh", "-c", "exec 3<&0; sleep 1000 <&3 >&- 2>&- & echo $!"), NULL,
			IO(.input = input, .input_len = 1 << 20, .flags = SS_IO_UNTIL_EXIT),
			&result),
		0);
	assert_int_equal(kill(atoi(result.out), SIGKILL), 0);
	ss_result_free(&result);
	free(input);
}

/* Rule 40: the master gives EIO when the last slave is closed. */
static void a_terminal_ends_with_its_last_user(void **unused)
{
	(void)unused;
	int master, slave;
	struct ss_child child;
	struct ss_result result = RESULT;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	fcntl(master, F_SETFD, FD_CLOEXEC);
	start(&child, ARGV("sh", "-c", "test -t 1 && echo terminal"), OPTIONS(.out = SS_FD(slave)));
	close(slave);
	child.out = master;
	assert_int_equal(ss_communicate(&child, NULL, &result), 0);
	assert_int_equal(result.status, 0);
	assert_string_equal(result.out, "terminal\r\n");
	assert_int_equal(child.out, -1);
	ss_result_free(&result);
	ss_release(&child);
}

/* A directory cannot be read: an error in the middle. */
static void what_was_read_before_an_error_is_given(void **unused)
{
	(void)unused;
	struct ss_child child;
	struct ss_result result = RESULT;
	start(&child, ARGV("sh", "-c", "echo err >&2; exec cat"),
		OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = SS_PIPE));
	char first;
	assert_int_equal(read(child.err, &first, 1), 1);
	int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(dup3(directory, child.out, O_CLOEXEC), child.out);
	close(directory);
	assert_int_equal(ss_communicate(&child, NULL, &result), -1);
	assert_int_equal(errno, EISDIR);
	assert_true(child.pid > 0);
	assert_false(result.status_known);
	assert_non_null(result.err);
	ss_result_free(&result);
	assert_int_equal(ss_terminate(&child, NULL, 0), 0);
	ss_release(&child);
}

/* A size that nobody has set. */
static void a_wild_size_is_refused_and_not_written_through(void **unused)
{
	(void)unused;
	struct ss_result result;
	memset(&result, 0x5a, sizeof result);
	struct ss_result before = result;
	struct ss_io io;
	memset(&io, 0x5a, sizeof io);
	assert_int_equal(ss_run(ARGV("true"), NULL, NULL, &result), -1);
	assert_int_equal(errno, E2BIG);
	assert_memory_equal(&result, &before, sizeof result);
	assert_int_equal(ss_run(ARGV("true"), NULL, &io, NULL), -1);
	assert_int_equal(errno, E2BIG);
	struct ss_options options;
	memset(&options, 0x5a, sizeof options);
	assert_int_equal(ss_run(ARGV("true"), &options, NULL, NULL), -1);
	assert_int_equal(errno, E2BIG);
}

/* On a slow machine the time may be up before the child has started: a failure, with its stage. */
static void time_out_after_the_start(struct ss_failure *failure)
{
	for (int ms = 50; ms < 100000; ms *= 2) {
		memset(failure, 0x5a, sizeof *failure);
		assert_int_equal(ss_run(ARGV("sleep", "1000"), SS_OPTIONS(.failure = failure),
					 IO(.timeout_ms = ms), NULL),
			-1);
		assert_int_equal(errno, ETIMEDOUT);
		if (failure->error != ETIMEDOUT)
			return;
	}
}

static void failure_is_set_on_every_return(void **unused)
{
	(void)unused;
	struct ss_failure failure;
	time_out_after_the_start(&failure);
	assert_int_equal(failure.stage, SS_STAGE_NONE);
	assert_int_equal(failure.error, 0);
	struct ss_child children[2];
	char *const *const line[] = {ARGV("true"), ARGV("true")};
	memset(&failure, 0x5a, sizeof failure);
	assert_int_equal(ss_pipeline(children, line, 2, SS_OPTIONS(.failure = &failure)), 0);
	assert_int_equal(failure.stage, SS_STAGE_NONE);
	assert_int_equal(failure.error, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ss_wait(&children[i], NULL, -1), 0);
		ss_release(&children[i]);
	}
}

static void wait_usage_is_as_wait4_has_it(void **unused)
{
	(void)unused;
	struct ss_child child;
	struct rusage usage, before;
	int status;
	memset(&usage, 0x5a, sizeof usage);
	before = usage;
	start(&child, ARGV("sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 3"),
		OPTIONS(.flags = 0));
	assert_int_equal(ss_wait_usage(&child, &status, &usage, 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_memory_equal(&usage, &before, sizeof usage);
	assert_int_equal(ss_wait_usage(&child, &status, &usage, -1), 0);
	assert_int_equal(status, 3 << 8);
	if (sizeof(long) == 8) {
		assert_true(usage.ru_maxrss > 0);
		assert_true(usage.ru_utime.tv_sec > 0 || usage.ru_utime.tv_usec > 0);
	}
	ss_release(&child);
	start(&child, ARGV("true"), OPTIONS(.flags = SS_NO_PIDFD));
	assert_int_equal(ss_wait_usage(&child, NULL, NULL, 60000), 0);
	ss_release(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_piece_is_given_and_none_kept),
		TEST(on_output_can_end_the_child),
		TEST(on_output_runs_with_the_callers_signals),
		TEST(each_stream_says_whether_it_was_cut),
		TEST(the_grace_comes_before_the_kill),
		TEST(the_limit_covers_the_start),
		TEST(a_start_can_be_cancelled),
		TEST(no_limit_may_be_said_by_minus_one),
		TEST(until_exit_does_not_wait_for_the_pipe),
		TEST(until_exit_reads_all_that_the_child_wrote),
		TEST(until_exit_drops_the_input),
		TEST(a_terminal_ends_with_its_last_user),
		TEST(what_was_read_before_an_error_is_given),
		TEST(a_wild_size_is_refused_and_not_written_through),
		TEST(failure_is_set_on_every_return),
		TEST(wait_usage_is_as_wait4_has_it),
	};
	return RUN_TESTS(tests);
}
