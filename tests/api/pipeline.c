/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "temp_dir.h"

enum { N = 3 };

static void wait_all(struct ss_child *children, size_t n, int *statuses)
{
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(ss_wait(&children[i], &statuses[i], 60000), 0);
		ss_release(&children[i]);
	}
}

static void each_ones_output_is_the_next_ones_input(void **unused)
{
	(void)unused;
	struct ss_child children[N];
	int statuses[N];
	char text[64];
	char *const *const line[N] = {
		ARGV("cat"), ARGV("tr", "a-z", "A-Z"), ARGV("sh", "-c", "cat; exit 5")};
	assert_int_equal(
		ss_pipeline(children, line, N, SS_OPTIONS(.in = SS_PIPE, .out = SS_PIPE)), 0);
	for (int i = 0; i < N; i++) {
		assert_int_equal(children[i].in >= 0, i == 0);
		assert_int_equal(children[i].out >= 0, i == N - 1);
	}
	assert_int_equal(write(children[0].in, "hello\n", 6), 6);
	close(children[0].in);
	children[0].in = -1;
	read_all(children[N - 1].out, text, sizeof text);
	wait_all(children, N, statuses);
	assert_string_equal(text, "HELLO\n");
	assert_int_equal(statuses[0], 0);
	assert_int_equal(statuses[N - 1], 5 << 8);
}

/* The writer must be the only one that holds the pipe: otherwise it would never get SIGPIPE. */
static void a_reader_that_ends_early_ends_the_writer(void **unused)
{
	(void)unused;
	struct ss_child children[2];
	int statuses[2];
	char text[16];
	char *const *const line[2] = {ARGV("yes"), ARGV("head", "-n1")};
	assert_int_equal(ss_pipeline(children, line, 2, SS_OPTIONS(.out = SS_PIPE)), 0);
	read_all(children[1].out, text, sizeof text);
	wait_all(children, 2, statuses);
	assert_string_equal(text, "y\n");
	assert_int_equal(statuses[0], SIGPIPE);
}

static void one_group_for_all(void **unused)
{
	(void)unused;
	struct ss_child children[N];
	int statuses[N];
	char *const *const line[N] = {ARGV("cat"), ARGV("cat"), ARGV("cat")};
	assert_int_equal(
		ss_pipeline(children, line, N, SS_OPTIONS(.in = SS_PIPE, .flags = SS_NEW_GROUP)),
		0);
	for (int i = 0; i < N; i++)
		assert_int_equal(getpgid(children[i].pid), children[0].pid);
	assert_int_equal(ss_terminate(&children[0], &statuses[0], 0), 0);
	ss_release(&children[0]);
	wait_all(children + 1, N - 1, statuses + 1);
	assert_int_equal(statuses[1], SIGTERM);
}

static void a_group_that_is_there_for_all(void **unused)
{
	(void)unused;
	struct ss_child leader, children[N];
	int statuses[N];
	char *const *const line[N] = {ARGV("cat"), ARGV("cat"), ARGV("cat")};
	start(&leader, ARGV("sleep", "1000"), OPTIONS(.flags = SS_NEW_GROUP));
	assert_int_equal(
		ss_pipeline(children, line, N,
			SS_OPTIONS(.in = SS_PIPE, .flags = SS_NEW_GROUP, .group = leader.pid)),
		0);
	for (int i = 0; i < N; i++)
		assert_int_equal(getpgid(children[i].pid), leader.pid);
	close(children[0].in);
	children[0].in = -1;
	wait_all(children, N, statuses);
	assert_int_equal(statuses[0] | statuses[1] | statuses[2], 0);
	assert_int_equal(ss_terminate(&leader, NULL, 0), 0);
	ss_release(&leader);
}

static void one_alone_is_a_pipeline_too(void **unused)
{
	(void)unused;
	struct ss_child child;
	int status;
	char *const *const line[1] = {ARGV("true")};
	assert_int_equal(ss_pipeline(&child, line, 1, NULL), 0);
	wait_all(&child, 1, &status);
	assert_int_equal(status, 0);
}

static void a_failure_leaves_none_of_them(void **unused)
{
	(void)unused;
	struct ss_child children[N], before[N];
	struct ss_failure failure = {SS_STAGE_NONE, 0};
	memset(children, 0x5a, sizeof children);
	memcpy(before, children, sizeof before);
	for (int bad = 0; bad < N; bad++) {
		char *const *line[N] = {ARGV("cat"), ARGV("cat"), ARGV("cat")};
		line[bad] = ARGV("/nonexistent");
		assert_int_equal(ss_pipeline(children, line, N,
					 SS_OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = SS_PIPE,
						 .failure = &failure)),
			-1);
		assert_int_equal(errno, ENOENT);
		assert_int_equal(failure.stage, SS_STAGE_EXEC);
		assert_memory_equal(children, before, sizeof before);
	}
}

/* Many runs, because chance decides how far each program gets before the next one starts. */
static void a_group_may_be_gone_before_all_have_joined(void **unused)
{
	(void)unused;
	char *const *const line[N] = {
		ARGV(victim("NOTHING")), ARGV(victim("NOTHING")), ARGV(victim("NOTHING"))};
	int failed = 0;
	signal(SIGCHLD, SIG_IGN);
	for (int round = 0; round < workload(100); round++) {
		struct ss_child children[N];
		if (ss_pipeline(children, line, N, SS_OPTIONS(.flags = SS_NEW_GROUP)) < 0) {
			failed++;
			continue;
		}
		for (int i = 0; i < N; i++) {
			ss_wait(&children[i], NULL, -1);
			ss_release(&children[i]);
		}
	}
	signal(SIGCHLD, SIG_DFL);
	assert_int_equal(failed, 0);
}

struct cancelled_line {
	struct ss_child children[N];
	int result;
};

/* The request is there beforehand, so that the first cancellation point takes it. */
static void *start_though_cancelled(void *arg)
{
	struct cancelled_line *line = arg;
	char *const *const argvs[N] = {ARGV("cat"), ARGV("cat"), ARGV("cat")};
	pthread_cancel(pthread_self());
	line->result =
		ss_pipeline(line->children, argvs, N, SS_OPTIONS(.in = SS_NULL, .out = SS_NULL));
	return NULL;
}

static void it_is_no_cancellation_point(void **unused)
{
	(void)unused;
	struct cancelled_line line = {.result = -2};
	int statuses[N];
	pthread_t thread;
	void *end;
	assert_int_equal(pthread_create(&thread, NULL, start_though_cancelled, &line), 0);
	pthread_join(thread, &end);
	assert_null(end);
	assert_int_equal(line.result, 0);
	wait_all(line.children, N, statuses);
	assert_int_equal(statuses[N - 1], 0);
}

/*
 * Each command's stderr is a FIFO, the opening of which holds ss_pipeline up before its second
 * command until the first has said that it has a child.
 */
struct gate {
	char fifo[PATH_MAX];
	int ready;
	int reader;
};

static void *open_gate(void *arg)
{
	struct gate *gate = arg;
	char c;
	close(open(gate->fifo, O_RDONLY | O_CLOEXEC));
	if (read(gate->ready, &c, 1) == 1)
		gate->reader = open(gate->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return NULL;
}

static void a_failure_leaves_nothing_of_the_group(void **unused)
{
	(void)unused;
	struct temp_dir dir;
	struct gate gate = {.reader = -1};
	struct ss_child children[2];
	char text[16];
	int ready[2];
	pthread_t thread;
	char *const *const line[2] = {
		ARGV("sh", "-c", "sleep 120 & echo >&5; wait"), ARGV("/nonexistent")};
	temp_dir_make(&dir);
	temp_dir_path(&dir, "fifo", gate.fifo);
	assert_int_equal(mkfifo(gate.fifo, 0600), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	gate.ready = ready[0];
	const struct ss_fd_map map = {ready[1], 5};
	assert_int_equal(pthread_create(&thread, NULL, open_gate, &gate), 0);
	int result = ss_pipeline(children, line, 2,
		SS_OPTIONS(.in = SS_NULL, .out = SS_NULL, .err = SS_WRITE(gate.fifo), .fds = &map,
			.n_fds = 1, .flags = SS_NEW_GROUP));
	int error = errno;
	close(ready[1]);
	pthread_join(thread, NULL);
	/* To its end: until nobody holds the pipe. */
	read_all(ready[0], text, sizeof text);
	close(ready[0]);
	close(gate.reader);
	temp_dir_remove(&dir);
	assert_int_equal(result, -1);
	assert_int_equal(error, ENOENT);
}

static void bad_requests_are_refused(void **unused)
{
	(void)unused;
	struct ss_child children[1];
	struct ss_failure failure = {SS_STAGE_NONE, 0};
	char *const *const line[1] = {ARGV("true")};
	assert_int_equal(ss_pipeline(children, line, 0, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_pipeline(NULL, line, 1, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(
		ss_pipeline(children, line, 1, SS_OPTIONS(.pdeathsig = -1, .failure = &failure)),
		-1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(failure.stage, SS_STAGE_OPTIONS);
}

static void a_line_too_long_for_memory_fails_with_a_stage(void **unused)
{
	(void)unused;
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
	skip(); /* it would end the program */
#else
	struct ss_child child;
	struct ss_failure failure = {SS_STAGE_NONE, 0};
	char *const *const line[1] = {ARGV("true")};
	assert_int_equal(
		ss_pipeline(&child, line, SIZE_MAX / 2, SS_OPTIONS(.failure = &failure)), -1);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(failure.stage, SS_STAGE_OPTIONS);
	assert_int_equal(failure.error, ENOMEM);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_ones_output_is_the_next_ones_input),
		TEST(a_reader_that_ends_early_ends_the_writer),
		TEST(one_group_for_all),
		TEST(a_group_may_be_gone_before_all_have_joined),
		TEST(a_group_that_is_there_for_all),
		TEST(one_alone_is_a_pipeline_too),
		TEST(a_failure_leaves_none_of_them),
		TEST(it_is_no_cancellation_point),
		TEST(a_failure_leaves_nothing_of_the_group),
		TEST(bad_requests_are_refused),
		TEST(a_line_too_long_for_memory_fails_with_a_stage),
	};
	return RUN_TESTS(tests);
}
