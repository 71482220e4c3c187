/* SPDX-License-Identifier: MIT */
/*
 * A child that may not be killed, such as one that has become another user: nothing waits for it
 * without bound. Here it is a filter that refuses the signals, in a process of its own for each
 * test. The child is a cat, which ends when its input does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "child.h"
#include "leak.h"
#include "seccomp.h"

enum { NR_PIDFD_SEND_SIGNAL = 424 };

#define IO(...) (&(struct ss_io){.size = sizeof(struct ss_io), __VA_ARGS__})

/* The input of every cat. */
static int ends[2];

static void in_a_process(void (*test)(void))
{
	const struct refusal refusals[] = {
		{SYS_kill, EPERM, 0, 0}, {NR_PIDFD_SEND_SIGNAL, EPERM, 0, 0}};
	pid_t pid = fork();
	if (pid == 0) {
		CHECK(pipe2(ends, O_CLOEXEC) == 0);
		if (refuse_calls(refusals, 2))
			_exit(77);
		test();
		_exit(0);
	}
	assert_child_passes(pid);
}

/* On a slow machine the time may be up before the cat has started. Then it is not EPERM. */
static void run_cat_until_it_starts(struct ss_result *result)
{
	for (int ms = 50; ms < 100000; ms *= 2) {
		CHECK(ss_run(ARGV("cat"), SS_OPTIONS(.in = SS_FD(ends[0])), IO(.timeout_ms = ms),
			      result) == -1);
		CHECK(errno == EPERM || errno == ETIMEDOUT);
		if (errno == EPERM)
			return;
	}
	CHECK(0);
}

static void run_cat(void)
{
	struct ss_result result = {.size = sizeof result};
	int status;
	run_cat_until_it_starts(&result);
	CHECK(!result.status_known && result.out_len == 0);
	ss_result_free(&result);
	CHECK(waitpid(-1, &status, WNOHANG) == 0);
	close(ends[1]);
	CHECK(waitpid(-1, &status, 0) > 0 && status == 0);
	while (waitpid(-1, &status, 0) > 0)
		CHECK(status == 0);
}

static void run_leaves_it(void **unused)
{
	(void)unused;
	in_a_process(run_cat);
}

static void communicate_with_cat(void)
{
	struct ss_child child;
	struct ss_result result = {.size = sizeof result};
	int status;
	CHECK(ss_spawn(&child, ARGV("cat"), SS_OPTIONS(.in = SS_FD(ends[0]), .out = SS_PIPE)) == 0);
	CHECK_FAILS(ss_communicate(&child, IO(.timeout_ms = 50), &result), EPERM);
	CHECK(child.pid > 0 && child.out >= 0 && result.out_len == 0);
	ss_result_free(&result);
	CHECK(write(ends[1], "hi\n", 3) == 3);
	close(ends[1]);
	CHECK(ss_communicate(&child, IO(.timeout_ms = 50000), &result) == 0);
	CHECK(!strcmp(result.out, "hi\n"));
	ss_result_free(&result);
	CHECK_FAILS(ss_wait(&child, &status, 0), ECHILD);
	ss_release(&child);
}

static void communicate_leaves_it_to_the_caller(void **unused)
{
	(void)unused;
	in_a_process(communicate_with_cat);
}

static void terminate_cats(void)
{
	static const uint64_t flags[] = {0, SS_NEW_GROUP, SS_NEW_SESSION};
	struct ss_child children[3];
	int status;
	for (int i = 0; i < 3; i++) {
		CHECK(ss_spawn(&children[i], ARGV("cat"),
			      SS_OPTIONS(.in = SS_FD(ends[0]), .flags = flags[i])) == 0);
		CHECK_FAILS(ss_terminate(&children[i], &status, 50), EPERM);
		CHECK(children[i].pid > 0);
	}
	close(ends[1]);
	for (int i = 0; i < 3; i++) {
		siginfo_t info;
		CHECK(waitid(P_PID, (id_t)children[i].pid, &info, WEXITED | WNOWAIT) == 0);
		CHECK(ss_terminate(&children[i], &status, 50) == 0 && status == 0);
		ss_release(&children[i]);
	}
}

static void terminate_leaves_it_until_it_has_ended(void **unused)
{
	(void)unused;
	in_a_process(terminate_cats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(run_leaves_it),
		TEST(communicate_leaves_it_to_the_caller),
		TEST(terminate_leaves_it_until_it_has_ended),
	};
	return RUN_TESTS(tests);
}
