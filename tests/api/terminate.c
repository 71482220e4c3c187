/* SPDX-License-Identifier: MIT */
/* ss_terminate. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "trace.h"

static void terminate_asks_first(void **unused)
{
	(void)unused;
	struct ss_child child;
	int status;
	start(&child, ARGV("sleep", "1000"), OPTIONS(.flags = 0));
	assert_int_equal(ss_terminate(&child, &status, 60000), 0);
	assert_int_equal(status, SIGTERM);
	assert_int_equal(child.pid, 0);
	assert_int_equal(ss_terminate(&child, &status, 0), -1);
	assert_int_equal(errno, ECHILD);
	ss_release(&child);
}

static void terminate_kills_what_does_not_listen(void **unused)
{
	(void)unused;
	struct ss_child child;
	int status;
	start(&child, ARGV(victim("STUBBORN")), OPTIONS(.out = SS_PIPE));
	await_ready(&child);
	assert_int_equal(ss_terminate(&child, &status, 50), 0);
	assert_int_equal(status, SIGKILL);
	ss_release(&child);
}

static void terminate_reaps_one_that_has_ended(void **unused)
{
	(void)unused;
	struct ss_child child;
	int status;
	siginfo_t info;
	start(&child, ARGV("sh", "-c", "exit 3"), OPTIONS(.flags = 0));
	assert_int_equal(waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(ss_terminate(&child, &status, -1), 0);
	assert_int_equal(status, 3 << 8);
	ss_release(&child);
}

/* The pipe ends only when the last process that holds it is gone. */
static void terminate_takes_the_whole_of_its_own_group(void **unused)
{
	(void)unused;
	static const uint64_t own[] = {SS_NEW_GROUP, SS_NEW_SESSION};
	for (size_t i = 0; i < 2; i++) {
		struct ss_child child;
		char text[64];
		int status;
		start(&child, ARGV(victim("STUBBORN"), "child"),
			OPTIONS(.out = SS_PIPE, .flags = own[i]));
		await_ready(&child);
		assert_int_equal(ss_terminate(&child, &status, 100), 0);
		assert_int_equal(status, SIGTERM);
		read_all(child.out, text, sizeof text);
		ss_release(&child);
	}
}

static void members_of_the_group_get_the_grace_too(void **unused)
{
	(void)unused;
	struct ss_child child;
	char text[64];
	start(&child, ARGV(victim("STUBBORN"), "polite-child"),
		OPTIONS(.out = SS_PIPE, .flags = SS_NEW_GROUP));
	await_ready(&child);
	assert_int_equal(ss_terminate(&child, NULL, 60000), 0);
	read_all(child.out, text, sizeof text);
	assert_string_equal(text, "bye\n");
	ss_release(&child);
}

/* As in a container whose process 1 never waits: here that is the test, as a subreaper. */
static void zombies_in_the_group_are_not_waited_for(void **unused)
{
	(void)unused;
	struct ss_child child;
	char text[64];
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		skip();
	start(&child, ARGV(victim("STUBBORN"), "polite-child"),
		OPTIONS(.out = SS_PIPE, .flags = SS_NEW_GROUP));
	pid_t group = child.pid;
	await_ready(&child);
	assert_int_equal(ss_terminate(&child, NULL, -1), 0);
	read_all(child.out, text, sizeof text);
	ss_release(&child);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	assert_true(waitpid(-group, NULL, 0) > 0);
}

static void one_that_has_left_its_group_is_terminated_as_well(void **unused)
{
	(void)unused;
	struct ss_child child;
	char text[8];
	int status;
	sigset_t deaf;
	sigemptyset(&deaf);
	sigaddset(&deaf, SIGTERM);
	start(&child, ARGV(victim("LEAVER")), OPTIONS(.out = SS_PIPE, .flags = SS_NEW_GROUP));
	await_ready(&child);
	assert_int_equal(ss_terminate(&child, &status, 60000), 0);
	assert_int_equal(status, SIGTERM);
	ss_release(&child);

	start(&child, ARGV(victim("LEAVER"), "child"),
		OPTIONS(.out = SS_PIPE, .flags = SS_NEW_GROUP));
	await_ready(&child);
	assert_int_equal(ss_terminate(&child, &status, 50), 0);
	assert_int_equal(status, SIGTERM);
	read_all(child.out, text, sizeof text);
	ss_release(&child);

	start(&child, ARGV(victim("LEAVER")),
		OPTIONS(.out = SS_PIPE, .flags = SS_NEW_GROUP, .sigmask = &deaf));
	await_ready(&child);
	assert_int_equal(ss_terminate(&child, &status, 50), 0);
	assert_int_equal(status, SIGKILL);
	ss_release(&child);
}

/* With SIGCHLD ignored the kernel reaps the leader; the rest must still get SIGKILL in the end. */
static void with_the_leader_reaped_elsewhere_the_rest_is_terminated(void **unused)
{
	(void)unused;
	struct ss_child child;
	char text[8];
	int status = 0x1234;
	signal(SIGCHLD, SIG_IGN);
	start(&child, ARGV(victim("STUBBORN"), "child"),
		OPTIONS(.out = SS_PIPE, .flags = SS_NEW_GROUP));
	await_ready(&child);
	bool known = kernel_knows_groups(&child);
	int r = ss_terminate(&child, &status, 500), error = errno;
	signal(SIGCHLD, SIG_DFL);
	if (kernel_keeps_statuses()) {
		assert_int_equal(r, 0);
		assert_int_equal(status, SIGTERM);
	} else {
		assert_int_equal(r, -1);
		assert_int_equal(error, ECHILD);
		assert_int_equal(status, 0x1234);
	}
	/* To its end: until nobody holds the pipe. */
	if (known)
		read_all(child.out, text, sizeof text);
	else
		kill(-child.pid, SIGKILL);
	ss_release(&child);
}

static void terminate_slowly(void *unused)
{
	(void)unused;
	struct ss_child child;
	if (ss_spawn(&child, ARGV(victim("STUBBORN"), "child"),
		    SS_OPTIONS(.out = SS_PIPE, .flags = SS_NEW_GROUP)) < 0)
		_exit(1);
	await_ready(&child);
	if (!kernel_knows_groups(&child)) {
		ss_terminate(&child, NULL, 0);
		_exit(77);
	}
	trace_begin();
	if (ss_terminate(&child, NULL, 2000) < 0)
		_exit(2);
	trace_end();
	ss_release(&child);
}

/* It waits for the member that is left, instead of reading /proc again and again. */
static void a_long_grace_costs_little(void **unused)
{
	(void)unused;
	static struct trace trace;
	needs_clone();
	if (!trace_run(&trace, terminate_slowly, NULL))
		skip();
	if (trace.status == 77 << 8)
		skip();
	assert_int_equal(trace.status, 0);
	if (trace_count(&trace, SYS_clock_nanosleep) > 0)
		trace_print(&trace);
	assert_int_equal(trace_count(&trace, SYS_clock_nanosleep), 0);
	assert_true(trace_count(&trace, SYS_getdents64) <= 30);
}

static void *terminate_patiently(void *child)
{
	ss_terminate(child, NULL, 60000);
	return NULL;
}

static void await_reaped(pid_t pid)
{
	while (kill(pid, 0) == 0)
		usleep(1000);
}

/* The leader has been reaped by then, so nobody could come back for the others. */
static void cancelled_in_the_grace_of_the_rest_it_kills_them(void **unused)
{
	(void)unused;
	struct ss_child child;
	pthread_t thread;
	void *end;
	char text[8];
	start(&child, ARGV(victim("STUBBORN"), "child"),
		OPTIONS(.out = SS_PIPE, .flags = SS_NEW_GROUP));
	await_ready(&child);
	bool known = kernel_knows_groups(&child);
	pid_t leader = child.pid;
	assert_int_equal(pthread_create(&thread, NULL, terminate_patiently, &child), 0);
	if (known)
		await_reaped(leader);
	pthread_cancel(thread);
	pthread_join(thread, &end);
	assert_ptr_equal(end, PTHREAD_CANCELED);
	if (known)
		assert_int_equal(child.pid, 0);
	else
		assert_int_equal(ss_terminate(&child, NULL, 0), 0);
	read_all(child.out, text, sizeof text);
	ss_release(&child);
}

static void a_stopped_child_is_terminated(void **unused)
{
	(void)unused;
	struct ss_child child;
	int status;
	start(&child, ARGV("sleep", "1000"), OPTIONS(.flags = SS_NEW_GROUP));
	assert_int_equal(ss_kill(&child, SIGSTOP), 0);
	assert_int_equal(waitpid(child.pid, &status, WUNTRACED), child.pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(ss_terminate(&child, &status, 60000), 0);
	assert_int_equal(status, SIGTERM);
	ss_release(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(terminate_asks_first),
		TEST(terminate_kills_what_does_not_listen),
		TEST(terminate_reaps_one_that_has_ended),
		TEST(terminate_takes_the_whole_of_its_own_group),
		TEST(members_of_the_group_get_the_grace_too),
		TEST(zombies_in_the_group_are_not_waited_for),
		TEST(one_that_has_left_its_group_is_terminated_as_well),
		TEST(with_the_leader_reaped_elsewhere_the_rest_is_terminated),
		TEST(a_long_grace_costs_little),
		TEST(cancelled_in_the_grace_of_the_rest_it_kills_them),
		TEST(a_stopped_child_is_terminated),
	};
	return RUN_TESTS(tests);
}
