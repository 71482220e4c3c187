/* SPDX-License-Identifier: MIT */
/* Each option that sets something in the child: that it is set there, and only there. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "temp_dir.h"

static void need_root(void)
{
	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
}

static void nothing_changes_by_default(void **unused)
{
	(void)unused;
	struct state state;
	state_of(&state, OPTIONS(.flags = 0));
	assert_state_int(&state, "ppid", getpid());
	assert_state_int(&state, "pgid", getpgrp());
	assert_state_int(&state, "sid", getsid(0));
	assert_state_int(&state, "nice", getpriority(PRIO_PROCESS, 0));
	assert_state_int(&state, "pdeathsig", 0);
}

static void a_session_of_its_own(void **unused)
{
	(void)unused;
	struct state state;
	state_of(&state, OPTIONS(.flags = SS_NEW_SESSION));
	assert_string_equal(state_get(&state, "sid"), state_get(&state, "pid"));
	assert_string_equal(state_get(&state, "pgid"), state_get(&state, "pid"));
}

static void a_group_of_its_own_or_one_to_join(void **unused)
{
	(void)unused;
	struct state state;
	struct ss_child leader;
	state_of(&state, OPTIONS(.flags = SS_NEW_GROUP));
	assert_string_equal(state_get(&state, "pgid"), state_get(&state, "pid"));
	assert_state_int(&state, "sid", getsid(0));
	assert_int_equal(
		ss_spawn(&leader, ARGV("cat"), SS_OPTIONS(.in = SS_PIPE, .flags = SS_NEW_GROUP)),
		0);
	state_of(&state, OPTIONS(.group = leader.pid));
	assert_state_int(&state, "pgid", leader.pid);
	state_of(&state, OPTIONS(.group = leader.pid, .flags = SS_NEW_GROUP));
	assert_state_int(&state, "pgid", leader.pid);
	assert_int_equal(ss_terminate(&leader, NULL, 0), 0);
	ss_release(&leader);
}

static void a_terminal_of_the_new_session(void **unused)
{
	(void)unused;
	needs_clone();
	struct state state;
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	int tty = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(tty >= 0);
	state_of(&state, OPTIONS(.flags = SS_NEW_SESSION | SS_SET_TTY, .tty = tty));
	assert_state(&state, "tty", "yes");
	assert_string_equal(state_get(&state, "foreground"), state_get(&state, "pid"));
	assert_string_equal(state_fds(&state), "0 1 2");
	state_of(&state, OPTIONS(.flags = SS_NEW_SESSION));
	assert_state(&state, "tty", "none");
	close(tty);
	close(master);
}

/* Another value than ours. A user can only raise it. */
static int another_nice(void)
{
	int ours = getpriority(PRIO_PROCESS, 0);
	return ours < 19 ? ours + 1 : geteuid() == 0 ? 18 : 19;
}

static void umask_nice_and_limits(void **unused)
{
	(void)unused;
	needs_clone();
	struct state state;
	struct rlimit nofile;
	getrlimit(RLIMIT_NOFILE, &nofile);
	const struct ss_rlimit limits[] = {
		{RLIMIT_CPU, {100, 200}},
		{RLIMIT_NOFILE, {50, nofile.rlim_max}},
	};
	int nice = another_nice();
	state_of(&state, OPTIONS(.flags = SS_SET_UMASK | SS_SET_NICE, .umask = 027, .nice = nice,
				 .rlimits = limits, .n_rlimits = 2));
	assert_state(&state, "umask", "027");
	assert_state_int(&state, "nice", nice);
	char key[32];
	snprintf(key, sizeof key, "rlimit%d", RLIMIT_CPU);
	assert_state(&state, key, "100 200");
	state_of(&state, OPTIONS(.flags = SS_SET_UMASK, .umask = 0));
	assert_state(&state, "umask", "000");
	struct rlimit now;
	getrlimit(RLIMIT_NOFILE, &now);
	assert_memory_equal(&now, &nofile, sizeof now);
}

/* The limit is for the program, not for the child's work before exec. */
static void a_low_limit_on_descriptors_does_not_hinder_the_maps(void **unused)
{
	(void)unused;
	/* valgrind has a limit of its own. */
	needs_shared_memory();
	needs_clone();
	struct state state;
	const struct ss_rlimit limit = {RLIMIT_NOFILE, {5, 5}};
	const struct ss_fd_map map = {0, 20};
	state_of(&state, OPTIONS(.fds = &map, .n_fds = 1, .rlimits = &limit, .n_rlimits = 1));
	assert_string_equal(state_fds(&state), "0 1 2 20");
}

static void affinity_and_oom_score(void **unused)
{
	(void)unused;
	needs_clone();
	struct state state;
	cpu_set_t set, mine;
	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof mine, &mine);
	int last = CPU_SETSIZE - 1;
	while (!CPU_ISSET(last, &mine))
		last--;
	CPU_SET(last, &set);
	state_of(&state, OPTIONS(.affinity = &set, .affinity_size = sizeof set, .flags = SS_SET_OOM,
				 .oom_score_adj = 321));
	assert_state_int(&state, "cpus", last);
	assert_state(&state, "oom_score_adj", "321 ");
	state_of(&state, OPTIONS(.flags = 0));
	assert_string_not_equal(state_get(&state, "oom_score_adj"), "321 ");
}

static void no_new_privs_and_pdeathsig(void **unused)
{
	(void)unused;
	needs_clone();
	struct state state;
	state_of(&state, OPTIONS(.flags = SS_NO_NEW_PRIVS, .pdeathsig = SIGHUP));
	assert_state_int(&state, "no_new_privs", 1);
	assert_state_int(&state, "pdeathsig", SIGHUP);
	assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

static void user_group_and_groups(void **unused)
{
	(void)unused;
	needs_clone();
	struct state state;
	need_root();
	const gid_t groups[] = {7, 9};
	state_of(&state, OPTIONS(.flags = SS_SET_UID | SS_SET_GID | SS_SET_GROUPS, .uid = 65534,
				 .gid = 1234, .groups = groups, .n_groups = 2));
	assert_state(&state, "uid", "65534 65534 65534");
	assert_state(&state, "gid", "1234 1234 1234");
	assert_state(&state, "groups", "7 9");
	state_of(&state, OPTIONS(.flags = SS_SET_GROUPS));
	assert_null(strchr(state_get(&state, "uid"), '5'));
	assert_non_null(strstr(state.text, "groups\n"));
	assert_int_equal(geteuid(), 0);
}

/* Rule 3: the flag is of the memory, which the child shares. The leak check looks at it as well. */
static void dumpable_stays_as_it_was(void **unused)
{
	(void)unused;
	needs_clone();
	need_root();
	for (int flag = 0; flag < 2; flag++) {
		assert_int_equal(prctl(PR_SET_DUMPABLE, flag, 0, 0, 0), 0);
		struct ss_child child;
		int r = ss_spawn(&child, ARGV("true"),
			SS_OPTIONS(.flags = SS_SET_UID | SS_SET_GID, .uid = 65534, .gid = 65534));
		int now = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
		int failed = ss_spawn(
			&child, ARGV("/none"), SS_OPTIONS(.flags = SS_SET_GID, .gid = 65534));
		int then = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
		assert_int_equal(r, 0);
		assert_int_equal(failed, -1);
		ss_wait(&child, NULL, -1);
		ss_release(&child);
		assert_int_equal(now, flag);
		assert_int_equal(then, flag);
	}
}

/* Rule 4: setuid clears the signal, so the child sets it afterwards. */
static void pdeathsig_outlives_the_change_of_user(void **unused)
{
	(void)unused;
	needs_clone();
	struct state state;
	need_root();
	state_of(&state, OPTIONS(.flags = SS_SET_UID | SS_SET_GID, .uid = 65534, .gid = 65534,
				 .pdeathsig = SIGTERM));
	assert_state_int(&state, "pdeathsig", SIGTERM);
}

/* Joins a cgroup made in a hierarchy of the old or the new kind. */
static void check_cgroup(const char *base)
{
	struct state state;
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/ss-test-%d", base, (int)getpid());
	if (mkdir(path, 0755) < 0) {
		print_message("%s: %s\n", path, strerror(errno));
		skip();
	}
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	state_of(&state, OPTIONS(.flags = SS_SET_CGROUP, .cgroup = dir));
	close(dir);
	int error = rmdir(path);
	snprintf(path, sizeof path, "/ss-test-%d", (int)getpid());
	assert_non_null(strstr(state_get(&state, "cgroup"), path));
	assert_int_equal(error, 0);
	assert_string_equal(state_fds(&state), "0 1 2");
}

static void joins_a_cgroup_of_version_1(void **unused)
{
	(void)unused;
	needs_clone();
	need_root();
	check_cgroup("/sys/fs/cgroup/pids");
}

static void joins_a_cgroup_of_version_2(void **unused)
{
	(void)unused;
	needs_clone();
	struct temp_dir dir;
	need_root();
	temp_dir_make(&dir);
	if (mount("none", dir.path, "cgroup2", 0, NULL) < 0) {
		print_message("mount cgroup2: %s\n", strerror(errno));
		temp_dir_remove(&dir);
		skip();
	}
	check_cgroup(dir.path);
	assert_int_equal(umount(dir.path), 0);
	temp_dir_remove(&dir);
}

/* Everything at once, because the steps could interfere with one another. */
static void all_together(void **unused)
{
	(void)unused;
	needs_clone();
	struct state state;
	need_root();
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	const struct ss_fd_map map[] = {{0, 5}, {1, 6}};
	const struct ss_rlimit limit = {RLIMIT_CORE, {0, 0}};
	state_of(&state, OPTIONS(.flags = SS_NEW_SESSION | SS_NO_NEW_PRIVS | SS_SET_UMASK |
					  SS_SET_UID | SS_SET_GID | SS_SET_GROUPS | SS_SET_NICE |
					  SS_SET_OOM | SS_SHELL_FALLBACK,
				 .cwd = "/", .in = SS_NULL, .err = SS_MERGE, .fds = map, .n_fds = 2,
				 .sigmask = &mask, .sigdefault = &mask, .rlimits = &limit,
				 .n_rlimits = 1, .uid = 65534, .gid = 65534, .umask = 077,
				 .nice = 3, .oom_score_adj = 500, .pdeathsig = SIGKILL));
	assert_state(&state, "uid", "65534 65534 65534");
	assert_state(&state, "cwd", "/");
	assert_state(&state, "umask", "077");
	assert_state_int(&state, "nice", 3);
	assert_state(&state, "oom_score_adj", "500 ");
	assert_state_int(&state, "pdeathsig", SIGKILL);
	assert_state_int(&state, "no_new_privs", 1);
	assert_string_equal(state_fds(&state), "0 1 2 5 6");
}

/* Rule 4. */
static void pdeathsig_comes_when_the_parent_dies(void **unused)
{
	(void)unused;
	needs_clone();
	int ends[2];
	char c;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t parent = fork();
	if (parent == 0) {
		struct ss_child child;
		const struct ss_fd_map map = {ends[1], 9};
		_exit(ss_spawn(&child, ARGV("sleep", "1000"),
			      SS_OPTIONS(.pdeathsig = SIGKILL, .fds = &map, .n_fds = 1)) != 0);
	}
	int status;
	close(ends[1]);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_int_equal(status, 0);
	/* End of file: the one that held the other end is gone. */
	assert_int_equal(read(ends[0], &c, 1), 0);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_changes_by_default),
		TEST(a_session_of_its_own),
		TEST(a_group_of_its_own_or_one_to_join),
		TEST(a_terminal_of_the_new_session),
		TEST(umask_nice_and_limits),
		TEST(a_low_limit_on_descriptors_does_not_hinder_the_maps),
		TEST(affinity_and_oom_score),
		TEST(no_new_privs_and_pdeathsig),
		TEST(user_group_and_groups),
		TEST(dumpable_stays_as_it_was),
		TEST(pdeathsig_outlives_the_change_of_user),
		TEST(joins_a_cgroup_of_version_1),
		TEST(joins_a_cgroup_of_version_2),
		TEST(all_together),
		TEST(pdeathsig_comes_when_the_parent_dies),
	};
	return RUN_TESTS(tests);
}
