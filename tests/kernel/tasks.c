/* SPDX-License-Identifier: MIT */
/* RLIMIT_NPROC and pids cgroups: the verdict against fork(), task by task up to the limit. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>

#include "leak.h"
#include "measure.h"
#include "sysctl_guard.h"

enum { TASKS = 6, UID = 64124 };

struct summary {
	int forked, refused, wrong, unsure; /* unsure is not wrong, but see is_first_namespace */
	int cause;
	uint64_t tasks, limit;
};

/* In another one the user may have processes that are not to be seen. */
static bool is_first_namespace(void)
{
	char text[64] = "";
	return readlink("/proc/self/ns/pid", text, sizeof text - 1) > 0 &&
	       !strcmp(text, "pid:[4026531836]");
}

static pid_t fork_and_stay(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

/* Forks until it is refused, and then twice more, asking first each time. */
static void fork_up_to_the_limit(struct summary *s)
{
	pid_t children[TASKS * 3];
	while (s->refused < 3 && s->forked < TASKS * 3) {
		struct ss_preflight r = {.size = sizeof r};
		if (ss_preflight(&r, 0))
			_exit(1);
		pid_t pid = fork_and_stay();
		bool unsure = r.verdict == SS_FORK_UNSURE;
		s->unsure += unsure;
		s->wrong += !unsure && r.verdict != (pid > 0 ? SS_FORK_OK : SS_FORK_EAGAIN);
		s->wrong += pid < 0 && errno != EAGAIN;
		if (pid > 0)
			children[s->forked++] = pid;
		else
			s->refused++;
		if (pid > 0)
			continue;
		s->cause = r.cause;
		s->tasks = r.tasks;
		s->limit = r.tasks_limit;
	}
	for (int i = 0; i < s->forked; i++)
		kill(children[i], SIGKILL);
	while (wait(NULL) > 0)
		;
}

static struct summary in_a_child(void (*prepare)(const char *), const char *argument)
{
	struct summary s = {0};
	int from[2];
	assert_int_equal(pipe(from), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prepare(argument);
		fork_up_to_the_limit(&s);
		_exit(write(from[1], &s, sizeof s) != sizeof s);
	}
	close(from[1]);
	assert_int_equal(read(from[0], &s, sizeof s), sizeof s);
	close(from[0]);
	waitpid(pid, NULL, 0);
	print_message("%d forked, %d refused, %d wrong, %d unsure\n", s.forked, s.refused, s.wrong,
		s.unsure);
	if (is_first_namespace())
		assert_int_equal(s.unsure, 0);
	return s;
}

static void limit_processes(const char *unused)
{
	(void)unused;
	struct rlimit limit = {TASKS, TASKS};
	if (setrlimit(RLIMIT_NPROC, &limit) || setresuid(UID, UID, UID))
		_exit(1);
}

static void rlimit_nproc(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	struct summary s = in_a_child(limit_processes, NULL);
	assert_int_equal(s.wrong, 0);
	assert_int_equal(s.forked, TASKS - 1);
	assert_int_equal(s.cause, SS_CAUSE_NPROC);
}

/* Exempt from the limit: user 0 of the first namespace. */
static void limit_root(const char *unused)
{
	(void)unused;
	struct rlimit limit = {1, 1};
	if (setrlimit(RLIMIT_NPROC, &limit))
		_exit(1);
}

static void rlimit_nproc_of_root(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	struct summary s = in_a_child(limit_root, NULL);
	assert_int_equal(s.wrong, 0);
	assert_int_equal(s.forked, TASKS * 3);
}

static int put(const char *dir, const char *file, const char *value)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, value, strlen(value));
	close(fd);
	return n < 0 ? -1 : 0;
}

static void enter(const char *dir)
{
	if (put(dir, "cgroup.procs", "0"))
		_exit(1);
}

/* The directory of the pids hierarchy, of either version, or NULL. */
static const char *pids_root(void)
{
	if (access("/sys/fs/cgroup/pids/cgroup.procs", W_OK) == 0)
		return "/sys/fs/cgroup/pids";
	char text[256] = "";
	int fd = open("/sys/fs/cgroup/cgroup.subtree_control", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	return n > 0 && strstr(text, "pids") ? "/sys/fs/cgroup" : NULL;
}

static void pids_cgroup(int limit_of_parent)
{
	const char *root = pids_root();
	if (!root || geteuid() != 0)
		skip();
	struct sysctl_guard guard;
	char outer[128], inner[160], max[16];
	snprintf(outer, sizeof outer, "%s/safespawn-test-%d", root, (int)getpid());
	snprintf(inner, sizeof inner, "%s/inner", outer);
	snprintf(max, sizeof max, "%d", TASKS);
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	int error = sysctl_guard_mkdir(&guard, outer);
	if (error) {
		sysctl_guard_end(&guard);
		skip();
	}
	put(outer, "cgroup.subtree_control", "+pids");
	assert_int_equal(sysctl_guard_mkdir(&guard, inner), 0);
	assert_int_equal(put(limit_of_parent ? outer : inner, "pids.max", max), 0);
	struct summary s = in_a_child(enter, inner);
	assert_int_equal(sysctl_guard_end(&guard), 0);
	assert_int_equal(s.wrong, 0);
	assert_int_equal(s.forked, TASKS - 1);
	assert_int_equal(s.cause, SS_CAUSE_PIDS_CGROUP);
	assert_int_equal(s.tasks, TASKS);
	assert_int_equal(s.limit, TASKS);
}

static void pids_cgroup_of_its_own(void **state)
{
	(void)state;
	pids_cgroup(0);
}

static void pids_cgroup_above(void **state)
{
	(void)state;
	pids_cgroup(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rlimit_nproc),
		TEST(rlimit_nproc_of_root),
		TEST(pids_cgroup_of_its_own),
		TEST(pids_cgroup_above),
	};
	return RUN_TESTS(tests);
}
