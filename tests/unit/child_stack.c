/* SPDX-License-Identifier: MIT */
/* How much of its stack the child uses on its longest ways; and that a spawn needs little itself. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>
#include "engine/child.h"
#include "engine/clone.h"
#include "engine/job.h"
#include "engine/syscall.h"
#include "leak.h"
#include "seccomp.h"

/* Room for a child that would overrun its stack. */
enum { PAINTED = 64 * 1024, NR_CLOSE_RANGE = 436 };

/* The reserve for other compilers, options and machines. */
enum { MARGIN = CHILD_STACK_SIZE / 4 };

static _Alignas(64) unsigned char painted[PAINTED];

static size_t used(void)
{
	size_t untouched = 0;
	while (untouched < PAINTED && painted[untouched] == 0xa5)
		untouched++;
	return PAINTED - untouched;
}

static struct clone_call call_of(void (*run)(void *), void *arg, uint64_t flags)
{
	memset(painted, 0xa5, sizeof painted);
	return (struct clone_call){
		.flags = flags | CLONE_VM | CLONE_VFORK,
		.exit_signal = SIGCHLD,
		.stack = painted,
		.stack_size = sizeof painted,
		.run = run,
		.arg = arg,
	};
}

PLAIN static void show_itself(void *shared)
{
	*(volatile int *)shared = 1;
	raw1(SYS_exit_group, 0);
}

static bool memory_is_shared(void)
{
	int shared = 0;
	struct clone_call call = call_of(show_itself, &shared, 0);
	long pid = ss__clone_old(&call);
	assert_true(pid > 0);
	assert_int_equal(waitpid((pid_t)pid, NULL, 0), pid);
	return shared;
}

/* ---- The jobs ------------------------------------------------------------------------------- */

static char *argv_of_nothing[] = {NULL, NULL};
static char no_shell[] = "/nonexistent/sh";
static char *argv_of_shell[] = {no_shell, NULL, NULL};
static char *no_env[] = {NULL};
static char plan_memory[512];
static struct fd_plan plan;

/* Nearly everything at once: a swap, so that there are lifts, gaps, and what files are written for. */
static struct job job_of_all(const char *paths, bool keep)
{
	static const struct fd_pair pairs[] = {{50, 51}, {51, 50}, {50, 7}};
	static const struct job_limit limit = {RLIMIT_CORE, {0, 0}};
	const struct fd_layout layout = {.pairs = pairs, .n_pairs = 3, .keep = keep, .hold = -1};
	static cpu_set_t cpus;
	sched_getaffinity(0, sizeof cpus, &cpus);
	assert_true(ss__fd_plan_size(3, 0) <= sizeof plan_memory);
	assert_int_equal(ss__fd_plan_make(&plan, &layout, plan_memory), 0);
	return (struct job){
		.paths = paths,
		.argv = argv_of_nothing,
		.env = no_env,
		.flags = JOB_GROUP | JOB_UMASK | JOB_NO_NEW_PRIVS,
		.fds = &plan,
		.cwd = "/",
		.oom_score = "500",
		.oom_score_len = 3,
		.umask = 077,
		.limits = &limit,
		.n_limits = 1,
		.affinity = &cpus,
		.affinity_size = sizeof cpus,
		.sigdefault = ~(kernel_sigset)0,
		.reset_handlers = true,
		.pdeathsig = SIGKILL,
		.parent = getpid(),
		.failure_fd = -1,
	};
}

static long run_by(long (*clone_by)(const struct clone_call *), struct job *job)
{
	const uint64_t flags = job->shared_table ? CLONE_FILES : 0;
	struct clone_call call = call_of(ss__child_main, job, flags);
	kernel_sigset all = ~(kernel_sigset)0, old;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof all);
	long pid = clone_by(&call);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof old);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid;
}

static void check(const char *what)
{
	print_message("%s: %zu of %d bytes\n", what, used(), CHILD_STACK_SIZE);
	if (used() > CHILD_STACK_SIZE - MARGIN || used() < 64)
		_exit(1);
}

static void check_jobs(long (*clone_by)(const struct clone_call *), const char *shell_script)
{
	static const char nothing[] = "/nonexistent/a\0/nonexistent/b\0";
	char script[PATH_MAX + 2] = {0};
	struct job job = job_of_all(nothing, true);
	memcpy(script, shell_script, strlen(shell_script));
	if (run_by(clone_by, &job) < 0 || job.failure.stage != SS_STAGE_EXEC)
		_exit(2);
	check("inherits all");

	job = job_of_all(nothing, false);
	job.shared_table = true;
	if (run_by(clone_by, &job) < 0 || job.failure.stage != SS_STAGE_EXEC)
		_exit(3);
	check("inherits nothing");

	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		_exit(4);
	job = job_of_all(nothing, false);
	job.failure_fd = ends[1];
	if (run_by(clone_by, &job) < 0 || job.failure.stage != SS_STAGE_EXEC)
		_exit(5);
	check("reports by pipe");

	job = job_of_all(script, false);
	job.shell_argv = argv_of_shell;
	if (run_by(clone_by, &job) < 0 || job.failure.stage != SS_STAGE_EXEC)
		_exit(6);
	check("falls back to a shell");
}

static void in_a_process(long (*clone_by)(const struct clone_call *), bool listing)
{
	const struct refusal no_ranges = {NR_CLOSE_RANGE, EPERM, 0, 0};
	int status;
	if (!memory_is_shared())
		skip();
	char script[] = "/tmp/child_stack-XXXXXX";
	int fd = mkstemp(script);
	assert_true(fd >= 0);
	fchmod(fd, 0700);
	assert_int_equal(write(fd, "exit\n", 5), 5);
	close(fd);
	pid_t pid = fork();
	if (pid == 0) {
		/* Listed in more than one piece. */
		for (int i = 40; i < 140; i++)
			dup2(0, i);
		if (listing && refuse_calls(&no_ranges, 1))
			_exit(77);
		check_jobs(clone_by, script);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(script);
	assert_passed(status);
}

static void by_clone3(void **unused)
{
	(void)unused;
	in_a_process(ss__clone_new, false);
}

static void by_clone(void **unused)
{
	(void)unused;
	in_a_process(ss__clone_old, false);
}

static void where_descriptors_are_listed(void **unused)
{
	(void)unused;
	in_a_process(ss__clone_old, true);
}

/* ---- A thread with hardly any stack ---------------------------------------------------------- */

static void *spawn_with_much(void *arg)
{
	struct ss_child child;
	struct ss_rlimit limits[8];
	struct ss_fd_map map[12];
	struct ss_failure failure;
	for (int i = 0; i < 8; i++)
		limits[i] = (struct ss_rlimit){RLIMIT_CORE, {0, 0}};
	for (int i = 0; i < 12; i++)
		map[i] = (struct ss_fd_map){i % 3, 20 + i};
	const char *const argv[] = {"child_stack-true", NULL};
	struct ss_options *options = SS_OPTIONS(.flags = SS_SHELL_FALLBACK | SS_NEW_GROUP,
		.file = "true", .cwd = "/", .in = SS_PIPE, .out = SS_PIPE, .err = SS_PIPE,
		.rlimits = limits, .n_rlimits = 8, .fds = map, .n_fds = 12, .failure = &failure);
	int *result = arg;
	if (ss_spawn(&child, (char *const *)(uintptr_t)argv, options))
		return NULL;
	if (ss_wait(&child, result, 20000))
		*result = -2;
	ss_release(&child);
	return NULL;
}

static void a_thread_with_the_least_stack_can_spawn(void **unused)
{
	(void)unused;
	pthread_attr_t attr;
	pthread_t thread;
	int result = -1;
	long least = sysconf(_SC_THREAD_STACK_MIN);
	/* A sanitizer's threads need more than that for themselves. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
	skip();
#endif
	pthread_attr_init(&attr);
	assert_int_equal(
		pthread_attr_setstacksize(&attr, least > 16384 ? (size_t)least : 16384), 0);
	assert_int_equal(pthread_create(&thread, &attr, spawn_with_much, &result), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
	assert_int_equal(result, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_clone3),
		TEST(by_clone),
		TEST(where_descriptors_are_listed),
		TEST(a_thread_with_the_least_stack_can_spawn),
	};
	return RUN_TESTS(tests);
}
