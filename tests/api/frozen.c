/* SPDX-License-Identifier: MIT */
/*
 * A child that does not end even after SIGKILL, as on a dead mount: nothing waits for it without
 * bound. Here it freezes itself, by the freezer of cgroup v1, in a process of its own for each test.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "child.h"
#include "leak.h"
#include "temp_dir.h"

#define IO(...) (&(struct ss_io){.size = sizeof(struct ss_io), __VA_ARGS__})
#define IN_GROUP .flags = SS_SET_CGROUP, .cgroup = group

/* Time for a shell to start and to freeze. */
static int enough_ms(void)
{
	return (int)patience(2) * 1000;
}

/* The freezer's group for the children. */
static int group;
static char group_path[PATH_MAX], state_path[PATH_MAX + 16], says_hi[PATH_MAX + 128];

static void set_state(const char *state)
{
	int fd = open(state_path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0 && write(fd, state, strlen(state)) > 0);
	close(fd);
}

static void make_group(const char *root)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("none", root, "cgroup", 0, "freezer"))
		_exit(77);
	snprintf(group_path, sizeof group_path, "%.200s/safespawn-%d", root, (int)getpid());
	snprintf(state_path, sizeof state_path, "%s/freezer.state", group_path);
	snprintf(says_hi, sizeof says_hi, "echo hi; echo FROZEN >%s; exec sleep 100", state_path);
	CHECK(mkdir(group_path, 0755) == 0);
	group = open(group_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(group >= 0);
}

static void remove_group(const char *root)
{
	close(group);
	CHECK(rmdir(group_path) == 0);
	CHECK(umount(root) == 0);
}

/* A frozen process would outlive the test. */
static void give_up(int sig)
{
	set_state("THAWED");
	signal(sig, SIG_DFL);
	raise(sig);
}

static void in_a_process(void (*test)(void))
{
	struct temp_dir dir;
	needs_clone();
	needs_shared_memory(); /* else a frozen start holds its caller */
	temp_dir_make(&dir);
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGALRM, give_up);
		alarm(patience(20));
		make_group(dir.path);
		test();
		remove_group(dir.path);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	temp_dir_remove(&dir);
	assert_passed(status);
}

/* Later spawns reap what has been left. */
static void let_go_and_spawn(void)
{
	siginfo_t info = {0};
	struct ss_child child;
	set_state("THAWED");
	CHECK(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0 && info.si_pid > 0);
	while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0) {
		CHECK(ss_spawn(&child, ARGV("true"), NULL) == 0);
		CHECK(ss_wait(&child, NULL, -1) == 0);
		ss_release(&child);
	}
}

static void run_it(void)
{
	struct ss_result result = {.size = sizeof result};
	CHECK_FAILS(ss_run(ARGV("sh", "-c", says_hi), SS_OPTIONS(IN_GROUP),
			    IO(.timeout_ms = enough_ms()), &result),
		ETIMEDOUT);
	CHECK(result.timed_out && !result.status_known && !strcmp(result.out, "hi\n"));
	ss_result_free(&result);
	let_go_and_spawn();
}

static void run_leaves_it(void **unused)
{
	(void)unused;
	in_a_process(run_it);
}

static void run_a_pipeline(void)
{
	/* what comes after the freeze would not start */
	char *const *const argvs[] = {ARGV("sleep", "100"), ARGV("cat"), ARGV("sh", "-c", says_hi)};
	struct ss_result results[3] = {
		{.size = sizeof *results}, {.size = sizeof *results}, {.size = sizeof *results}};
	CHECK_FAILS(ss_run_pipeline(
			    argvs, 3, SS_OPTIONS(IN_GROUP), IO(.timeout_ms = enough_ms()), results),
		ETIMEDOUT);
	CHECK(results[2].timed_out && !results[1].status_known);
	for (int i = 0; i < 3; i++)
		ss_result_free(&results[i]);
	let_go_and_spawn();
}

static void a_pipeline_leaves_it(void **unused)
{
	(void)unused;
	in_a_process(run_a_pipeline);
}

static void communicate_with_it(void)
{
	struct ss_child child;
	struct ss_result result = {.size = sizeof result};
	int status;
	CHECK(ss_spawn(&child, ARGV("sh", "-c", says_hi), SS_OPTIONS(IN_GROUP, .out = SS_PIPE)) ==
		0);
	CHECK_FAILS(ss_communicate(&child, IO(.timeout_ms = enough_ms()), &result), ETIMEDOUT);
	CHECK(result.timed_out && !result.status_known && !strcmp(result.out, "hi\n"));
	ss_result_free(&result);
	CHECK(child.pid > 0);
	CHECK_FAILS(ss_wait(&child, &status, 0), ETIMEDOUT);
	set_state("THAWED");
	CHECK(ss_wait(&child, &status, -1) == 0 && status == SIGKILL);
	ss_release(&child);
}

static void communicate_leaves_it_to_the_caller(void **unused)
{
	(void)unused;
	in_a_process(communicate_with_it);
}

static void start_it(void)
{
	struct ss_child child;
	set_state("FROZEN");
	CHECK_FAILS(ss_spawn(&child, ARGV("true"), SS_OPTIONS(IN_GROUP, .start_timeout_ms = 300)),
		ETIMEDOUT);
	let_go_and_spawn();
}

static void a_start_leaves_it(void **unused)
{
	(void)unused;
	in_a_process(start_it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(run_leaves_it),
		TEST(a_pipeline_leaves_it),
		TEST(communicate_leaves_it_to_the_caller),
		TEST(a_start_leaves_it),
	};
	return RUN_TESTS(tests);
}
