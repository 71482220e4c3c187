/* SPDX-License-Identifier: MIT */
/* ss_run_pipeline. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"

#define IO(...) (&(struct ss_io){.size = sizeof(struct ss_io), __VA_ARGS__})

enum { N = 3 };

static void prepare(struct ss_result *results, size_t n)
{
	memset(results, 0, n * sizeof *results);
	for (size_t i = 0; i < n; i++)
		results[i].size = sizeof *results;
}

static void free_all(struct ss_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ss_result_free(&results[i]);
}

/* Far more than pipes hold, through all of them. */
static void the_first_is_fed_and_the_last_is_read(void **unused)
{
	(void)unused;
	size_t len = 3 << 20;
	char *input = malloc(len);
	for (size_t i = 0; i < len; i++)
		input[i] = (char)('a' + i % 26);
	char *const *const line[N] = {ARGV("cat"), ARGV("tr", "a-z", "A-Z"), ARGV("cat")};
	struct ss_result results[N];
	prepare(results, N);
	errno = EDOM;
	assert_int_equal(
		ss_run_pipeline(line, N, NULL, IO(.input = input, .input_len = len), results), 0);
	assert_int_equal(errno, EDOM);
	assert_int_equal(results[N - 1].out_len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(results[N - 1].out[i], 'A' + (int)(i % 26));
	for (int i = 0; i < N; i++) {
		assert_true(results[i].status_known);
		assert_int_equal(results[i].status, 0);
		assert_int_equal(results[i].out != NULL, i == N - 1);
		assert_string_equal(results[i].err, "");
	}
	free_all(results, N);
	free(input);
}

/* More than a pipe holds on each one's stderr: one after the other would block. */
static void each_ones_errors_and_status_are_its_own(void **unused)
{
	(void)unused;
	char *const *const line[N] = {ARGV("sh", "-c", "head -c 100001 /dev/zero >&2; exit 1"),
		ARGV("sh", "-c", "cat; head -c 100002 /dev/zero >&2; exit 2"),
		ARGV("sh", "-c", "cat; head -c 100003 /dev/zero >&2; exit 3")};
	struct ss_result results[N];
	prepare(results, N);
	assert_int_equal(ss_run_pipeline(line, N, NULL, NULL, results), 0);
	for (int i = 0; i < N; i++) {
		assert_int_equal(results[i].status, (i + 1) << 8);
		assert_int_equal(results[i].err_len, 100001 + i);
		assert_true(sizeof(long) < 8 || results[i].usage.ru_maxrss > 0);
	}
	free_all(results, N);
}

static void a_reader_that_ends_early_is_no_error(void **unused)
{
	(void)unused;
	char *const *const line[] = {ARGV("yes"), ARGV("head", "-n1")};
	struct ss_result results[2];
	prepare(results, 2);
	assert_int_equal(ss_run_pipeline(line, 2, NULL, NULL, results), 0);
	assert_int_equal(results[0].status, SIGPIPE);
	assert_int_equal(results[1].status, 0);
	assert_string_equal(results[1].out, "y\n");
	free_all(results, 2);
}

static bool all_have_written(const struct ss_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!results[i].err || !results[i].err[0])
			return false;
	return true;
}

/* A time limit in which each one gets as far as to write to its stderr, however slow the machine. */
static int run_until_all_have_written(
	char *const *const line[], size_t n, struct ss_io *io, struct ss_result *results)
{
	for (io->timeout_ms = 500;; io->timeout_ms *= 4) {
		prepare(results, n);
		int r = ss_run_pipeline(line, n, NULL, io, results);
		if (r == 0 || errno != ETIMEDOUT || all_have_written(results, n) ||
			io->timeout_ms > 60000)
			return r;
		free_all(results, n);
	}
}

static void one_limit_ends_all_of_them(void **unused)
{
	(void)unused;
	char *const *const line[N] = {
		ARGV("sh", "-c", "echo hi; echo >&2; sleep 1000 & exec sleep 1000"),
		ARGV("sh", "-c", "read -r x; echo $x; echo >&2; exec sleep 1000"),
		ARGV("sh", "-c", "read -r x; echo $x; echo >&2; exec sleep 1000")};
	struct ss_result results[N];
	assert_int_equal(run_until_all_have_written(line, N, IO(.grace_ms = 0), results), -1);
	assert_int_equal(errno, ETIMEDOUT);
	for (int i = 0; i < N; i++) {
		assert_true(results[i].timed_out && results[i].status_known);
		assert_int_equal(results[i].status, SIGKILL);
	}
	assert_string_equal(results[N - 1].out, "hi\n");
	free_all(results, N);
}

static void the_grace_is_for_all_of_them(void **unused)
{
	(void)unused;
	const char *polite = "trap 'exit 9' TERM; echo >&2; while :; do sleep 0.01; done";
	char *const *const line[] = {ARGV("sh", "-c", polite), ARGV("sh", "-c", polite)};
	struct ss_result results[2];
	assert_int_equal(run_until_all_have_written(line, 2, IO(.grace_ms = 60000), results), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(results[0].status, 9 << 8);
	assert_int_equal(results[1].status, 9 << 8);
	free_all(results, 2);
}

static void one_that_cannot_start_leaves_none(void **unused)
{
	(void)unused;
	char *const *const line[] = {ARGV("sleep", "1000"), ARGV("/nonexistent")};
	struct ss_result results[2], before[2];
	struct ss_failure failure;
	prepare(results, 2);
	memcpy(before, results, sizeof before);
	assert_int_equal(
		ss_run_pipeline(line, 2, SS_OPTIONS(.failure = &failure), NULL, results), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(failure.stage, SS_STAGE_EXEC);
	assert_memory_equal(results, before, sizeof before);
}

static int note_stream(void *context, int stream, const char *data, size_t len)
{
	char *seen = context;
	if (len > 0)
		seen[stream] = data[0];
	return 0;
}

static void on_output_tells_them_apart(void **unused)
{
	(void)unused;
	char seen[8] = "";
	char *const *const line[N] = {ARGV("sh", "-c", "echo a >&2"),
		ARGV("sh", "-c", "cat; echo b >&2"), ARGV("sh", "-c", "cat; echo c >&2; echo out")};
	assert_int_equal(
		ss_run_pipeline(line, N, NULL, IO(.on_output = note_stream, .context = seen), NULL),
		0);
	assert_string_equal(seen + 1, "oabc");
}

static void until_exit_means_the_exit_of_all(void **unused)
{
	(void)unused;
	char *const *const line[] = {
		ARGV("echo", "hi"), ARGV("sh", "-c", "cat; sleep 1000 & echo $!; exit 2")};
	struct ss_result results[2];
	prepare(results, 2);
	assert_int_equal(ss_run_pipeline(line, 2, NULL, IO(.flags = SS_IO_UNTIL_EXIT), results), 0);
	assert_int_equal(results[1].status, 2 << 8);
	assert_memory_equal(results[1].out, "hi\n", 3);
	assert_int_equal(kill(atoi(results[1].out + 3), SIGKILL), 0);
	free_all(results, 2);
}

static void bad_requests_are_refused(void **unused)
{
	(void)unused;
	char *const *const line[] = {ARGV("true"), ARGV("true")};
	struct ss_result results[2];
	prepare(results, 2);
	assert_int_equal(ss_run_pipeline(NULL, 2, NULL, NULL, results), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_run_pipeline(line, 0, NULL, NULL, results), -1);
	assert_int_equal(errno, EINVAL);
	results[1].size = 8;
	assert_int_equal(ss_run_pipeline(line, 2, NULL, NULL, results), -1);
	assert_int_equal(errno, EINVAL);
}

static void a_line_too_long_for_memory_fails_with_a_stage(void **unused)
{
	(void)unused;
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
	skip(); /* it would end the program */
#else
	struct ss_failure failure = {SS_STAGE_NONE, 0};
	char *const *const line[1] = {ARGV("true")};
	assert_int_equal(
		ss_run_pipeline(line, SIZE_MAX / 2, SS_OPTIONS(.failure = &failure), NULL, NULL),
		-1);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(failure.stage, SS_STAGE_OPTIONS);
#endif
}

static void *run_for_ever(void *unused)
{
	char *const *const line[] = {ARGV("sleep", "1000"), ARGV("sleep", "1000")};
	struct ss_result results[2];
	prepare(results, 2);
	ss_run_pipeline(line, 2, NULL, NULL, results);
	return unused;
}

static void cancelled_it_leaves_nothing(void **unused)
{
	(void)unused;
	cancel_at_many_moments(run_for_ever, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_is_fed_and_the_last_is_read),
		TEST(each_ones_errors_and_status_are_its_own),
		TEST(a_reader_that_ends_early_is_no_error),
		TEST(one_limit_ends_all_of_them),
		TEST(the_grace_is_for_all_of_them),
		TEST(one_that_cannot_start_leaves_none),
		TEST(on_output_tells_them_apart),
		TEST(until_exit_means_the_exit_of_all),
		TEST(bad_requests_are_refused),
		TEST(a_line_too_long_for_memory_fails_with_a_stage),
		TEST(cancelled_it_leaves_nothing),
	};
	return RUN_TESTS(tests);
}
