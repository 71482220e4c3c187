/* SPDX-License-Identifier: MIT */
/* Children that somebody else reaps: the kernel, because SIGCHLD is ignored, or a handler. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "seccomp.h"

#define RESULT                                                                                     \
	{                                                                                          \
		.size = sizeof(struct ss_result)                                                   \
	}
#define IO(...) (&(struct ss_io){.size = sizeof(struct ss_io), __VA_ARGS__})

static void reap_any(int sig)
{
	int error = errno;
	(void)sig;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	errno = error;
}

static void (*const reapers[])(int) = {SIG_IGN, reap_any};

static void set_reaper(void (*handler)(int))
{
	const struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	sigaction(SIGCHLD, &action, NULL);
}

/* There is output in any case, and a status if the kernel keeps it. */
static void assert_run(const struct ss_options *options, bool known)
{
	struct ss_result result = RESULT;
	errno = 0;
	int r = ss_run(ARGV("sh", "-c", "echo out; echo err >&2; exit 3"), options,
		IO(.timeout_ms = 60000), &result);
	assert_int_equal(r, known ? 0 : -1);
	assert_int_equal(errno, known ? 0 : ECHILD);
	assert_int_equal(result.status_known, known);
	assert_int_equal(result.status, known ? 3 << 8 : 0);
	assert_string_equal(result.out, "out\n");
	assert_string_equal(result.err, "err\n");
	ss_result_free(&result);
}

static void run_gives_output_and_status(void **unused)
{
	(void)unused;
	bool keeps = kernel_keeps_statuses();
	for (size_t i = 0; i < 2; i++) {
		set_reaper(reapers[i]);
		for (int n = 0; n < 50; n++)
			assert_run(NULL, keeps);
		set_reaper(SIG_DFL);
	}
}

static void without_a_pidfd_there_is_the_output(void **unused)
{
	(void)unused;
	set_reaper(SIG_IGN);
	assert_run(SS_OPTIONS(.flags = SS_NO_PIDFD), false);
	set_reaper(SIG_DFL);
}

static void wait_and_terminate_know_the_status(void **unused)
{
	(void)unused;
	if (!kernel_keeps_statuses())
		skip();
	for (size_t i = 0; i < 2; i++) {
		struct ss_child child;
		int status = 0;
		set_reaper(reapers[i]);
		start(&child, ARGV("sh", "-c", "exit 7"), OPTIONS(.flags = 0));
		while (ss_wait(&child, &status, 60000) < 0)
			assert_int_equal(errno, EINTR);
		assert_int_equal(status, 7 << 8);
		assert_int_equal(child.pid, 0);
		ss_release(&child);
		start(&child, ARGV("sleep", "1000"), OPTIONS(.flags = SS_NEW_GROUP));
		assert_int_equal(ss_terminate(&child, &status, 60000), 0);
		assert_int_equal(status, SIGTERM);
		ss_release(&child);
		start(&child, ARGV("sleep", "1000"), OPTIONS(.flags = 0));
		assert_int_equal(ss_terminate(&child, &status, 0), 0);
		assert_true(status == SIGTERM || status == SIGKILL);
		ss_release(&child);
		set_reaper(SIG_DFL);
	}
}

/* A forked process has its parent's struct, but not the child: so it does not wait. */
static void one_that_runs_and_is_not_ours_is_not_waited_for(void **unused)
{
	(void)unused;
	struct ss_child child;
	int status;
	start(&child, ARGV("sleep", "1000"), OPTIONS(.flags = 0));
	pid_t pid = fork();
	if (pid == 0)
		_exit(ss_wait(&child, NULL, -1) == -1 && errno == ECHILD ? 5 : 6);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 5 << 8);
	assert_int_equal(ss_terminate(&child, NULL, 0), 0);
	ss_release(&child);
}

/* Some filters know only the older calls. */
static void wait_works_where_waitid_is_refused(void **unused)
{
	(void)unused;
	const int errors[] = {ENOSYS, EPERM};
	for (size_t i = 0; i < 2; i++) {
		const struct refusal refusal = {SYS_waitid, errors[i], 0, 0};
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			struct ss_child child;
			struct ss_result result = RESULT;
			if (refuse_calls(&refusal, 1))
				_exit(77);
			if (ss_spawn(&child, ARGV("sh", "-c", "exit 3"), NULL) < 0 ||
				child.pidfd < 0)
				_exit(77);
			if (ss_wait(&child, &status, i ? -1 : 60000) < 0 || status != 3 << 8)
				_exit(1);
			ss_release(&child);
			if (ss_run(ARGV("echo", "hi"), NULL, IO(.timeout_ms = 60000), &result) < 0)
				_exit(2);
			_exit(strcmp(result.out, "hi\n") ? 3 : 0);
		}
		assert_child_passes(pid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(run_gives_output_and_status),
		TEST(without_a_pidfd_there_is_the_output),
		TEST(wait_and_terminate_know_the_status),
		TEST(one_that_runs_and_is_not_ours_is_not_waited_for),
		TEST(wait_works_where_waitid_is_refused),
	};
	return RUN_TESTS(tests);
}
