/* SPDX-License-Identifier: MIT */
/* Each step fails once: it is named, its errno is exact, and nothing is left behind. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "temp_dir.h"

/* Runs a check in a process of its own, which may lose its rights or set itself limits. */
static void in_subject(void (*check)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		check();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int fails_with(struct ss_options options, enum ss_stage stage, int error)
{
	struct ss_child child;
	struct ss_failure failure = {SS_STAGE_NONE, 0};
	options.failure = &failure;
	int r = ss_spawn(&child, ARGV("/bin/true"), &options);
	if (r == -1 && errno == error && failure.error == error && failure.stage == stage)
		return 1;
	fprintf(stderr, "%s: %d, %s at %s; expected %s at %s\n", ss_stage_name(stage), r,
		strerror(failure.error), ss_stage_name(failure.stage), strerror(error),
		ss_stage_name(stage));
	return 0;
}

static void check_without_rights(void)
{
	const gid_t group = 5;
	const struct ss_rlimit raise = {RLIMIT_CORE, {1, 1}};
	const struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		_exit(2);
	int ok = fails_with(OPTIONS(.flags = SS_SET_UID, .uid = 0), SS_STAGE_UID, EPERM);
	ok &= fails_with(OPTIONS(.flags = SS_SET_GID, .gid = 1), SS_STAGE_GID, EPERM);
	ok &= fails_with(OPTIONS(.flags = SS_SET_GROUPS, .groups = &group, .n_groups = 1),
		SS_STAGE_GROUPS, EPERM);
	ok &= fails_with(OPTIONS(.flags = SS_SET_NICE, .nice = -20), SS_STAGE_NICE, EACCES);
	ok &= fails_with(
		OPTIONS(.flags = SS_SET_OOM, .oom_score_adj = -1000), SS_STAGE_OOM, EACCES);
	ok &= fails_with(OPTIONS(.rlimits = &raise, .n_rlimits = 1), SS_STAGE_LIMITS, EPERM);
	_exit(ok ? 0 : 1);
}

static void what_needs_rights_fails_without(void **unused)
{
	(void)unused;
	needs_clone();
	in_subject(check_without_rights);
}

static void check_processes(void)
{
	const struct rlimit few = {0, 0};
	if (geteuid() == 0 && setuid(65534) < 0)
		_exit(2);
	setrlimit(RLIMIT_NPROC, &few);
	_exit(fails_with(OPTIONS(.out = SS_PIPE), SS_STAGE_CLONE, EAGAIN) ? 0 : 1);
}

static void no_more_processes_is_a_failure_of_clone(void **unused)
{
	(void)unused;
	in_subject(check_processes);
}

static void no_more_descriptors_is_a_failure_of_pipe(void **unused)
{
	(void)unused;
	struct rlimit old, low;
	int next = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(next);
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	for (rlim_t more = 0; more < 4; more++) {
		low.rlim_cur = (rlim_t)next + more;
		setrlimit(RLIMIT_NOFILE, &low);
		int ok = fails_with(OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = SS_PIPE),
			SS_STAGE_PIPE, EMFILE);
		setrlimit(RLIMIT_NOFILE, &old);
		assert_true(ok);
	}
}

/* The caller's table is full: there is no pidfd then, but there is a child. */
static void a_full_table_costs_only_the_pidfd(void **unused)
{
	(void)unused;
	needs_clone();
	/* Otherwise the caller needs a pipe for failures. */
	needs_shared_memory();
	struct rlimit old, low;
	struct ss_child child;
	int next = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(next);
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = (rlim_t)next;
	setrlimit(RLIMIT_NOFILE, &low);
	int r = ss_spawn(&child, ARGV("/bin/true"), NULL);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(r, 0);
	assert_int_equal(child.pidfd, -1);
	assert_int_equal(ss_wait(&child, NULL, 60000), 0);
	ss_release(&child);
}

static void a_missing_group_is_a_failure_of_group(void **unused)
{
	(void)unused;
	needs_clone();
	/* setsid, umask and prctl have nothing to fail for in a new child. */
	assert_fails(ARGV("true"), OPTIONS(.group = 0x7ffffff0), SS_STAGE_GROUP, EPERM);
}

static void what_is_no_terminal_is_a_failure_of_tty(void **unused)
{
	(void)unused;
	needs_clone();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_fails(ARGV("true"), OPTIONS(.flags = SS_NEW_SESSION | SS_SET_TTY, .tty = null),
		SS_STAGE_TTY, ENOTTY);
	close(null);
}

static void what_is_no_cgroup_is_a_failure_of_cgroup(void **unused)
{
	(void)unused;
	needs_clone();
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_fails(ARGV("true"), OPTIONS(.flags = SS_SET_CGROUP, .cgroup = dir), SS_STAGE_CGROUP,
		ENOENT);
	close(dir);
}

static void an_empty_cpu_set_is_a_failure_of_sched(void **unused)
{
	(void)unused;
	needs_clone();
	cpu_set_t set;
	CPU_ZERO(&set);
	assert_fails(ARGV("true"), OPTIONS(.affinity = &set, .affinity_size = sizeof set),
		SS_STAGE_SCHED, EINVAL);
}

static void a_missing_directory_is_a_failure_of_cwd(void **unused)
{
	(void)unused;
	assert_fails(ARGV("true"), OPTIONS(.cwd = "/nonexistent"), SS_STAGE_CWD, ENOENT);
	assert_fails(ARGV("true"), OPTIONS(.cwd = "/dev/null"), SS_STAGE_CWD, ENOTDIR);
}

static void note(int sig)
{
	(void)sig;
}

/* Nobody has the other end of the FIFO. The timer goes on, should it run out before the open. */
static void an_interrupted_open_is_a_failure_of_stdio(void **unused)
{
	(void)unused;
	const struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
	struct sigaction old;
	struct temp_dir dir;
	char fifo[PATH_MAX];
	needs_shared_memory();
	temp_dir_make(&dir);
	temp_dir_path(&dir, "fifo", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = note}, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_fails(ARGV("true"), OPTIONS(.in = SS_READ(fifo)), SS_STAGE_STDIO, EINTR);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	temp_dir_remove(&dir);
}

/* A bad pointer is the caller's mistake, but an error all the same and no crash of the caller. */
static void bad_addresses_are_reported(void **unused)
{
	(void)unused;
	needs_clone();
	skip_in_valgrind("reports the bad addresses");
	const char *bad = (const char *)(uintptr_t)16;
	assert_fails(ARGV("true"), OPTIONS(.cwd = bad), SS_STAGE_CWD, EFAULT);
	assert_fails(ARGV("true"),
		OPTIONS(.flags = SS_SET_GROUPS, .n_groups = 4,
			.groups = (const gid_t *)(const void *)bad),
		SS_STAGE_GROUPS, EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_needs_rights_fails_without),
		TEST(no_more_processes_is_a_failure_of_clone),
		TEST(no_more_descriptors_is_a_failure_of_pipe),
		TEST(a_full_table_costs_only_the_pidfd),
		TEST(a_missing_group_is_a_failure_of_group),
		TEST(what_is_no_terminal_is_a_failure_of_tty),
		TEST(what_is_no_cgroup_is_a_failure_of_cgroup),
		TEST(an_empty_cpu_set_is_a_failure_of_sched),
		TEST(a_missing_directory_is_a_failure_of_cwd),
		TEST(an_interrupted_open_is_a_failure_of_stdio),
		TEST(bad_addresses_are_reported),
	};
	return RUN_TESTS(tests);
}
