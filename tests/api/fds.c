/* SPDX-License-Identifier: MIT */
/* Which descriptors the child has, and what they lead to. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "temp_dir.h"

/* N different files, told apart by their names, at descriptors that are next to one another. */
enum { N = 5, BASE = 40 };

static void open_files(int flags)
{
	for (int i = 0; i < N; i++) {
		char path[32];
		snprintf(path, sizeof path, "/tmp/ss-fds-%d-%d", (int)getpid(), i);
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		assert_int_equal(dup3(fd, BASE + i, flags), BASE + i);
		close(fd);
	}
}

static void close_files(void)
{
	for (int i = 0; i < N; i++) {
		char path[32];
		snprintf(path, sizeof path, "/tmp/ss-fds-%d-%d", (int)getpid(), i);
		unlink(path);
		close(BASE + i);
	}
}

static void assert_file(const struct state *state, int fd, int file)
{
	char key[16], path[32];
	snprintf(key, sizeof key, "fd%d", fd);
	snprintf(path, sizeof path, "/tmp/ss-fds-%d-%d", (int)getpid(), file);
	assert_state(state, key, path);
}

static void only_0_to_2_and_what_is_mapped_is_open(void **unused)
{
	(void)unused;
	struct state state;
	open_files(0);
	const struct ss_fd_map map[] = {{BASE + 1, 7}, {BASE + 3, BASE + 3}};
	state_of(&state, OPTIONS(.fds = map, .n_fds = 2));
	assert_string_equal(state_fds(&state), "0 1 2 7 43");
	assert_file(&state, 7, 1);
	assert_file(&state, BASE + 3, 3);
	state_of(&state, OPTIONS(.flags = 0));
	assert_string_equal(state_fds(&state), "0 1 2");
	close_files();
}

static void keep_leaves_what_exec_leaves(void **unused)
{
	(void)unused;
	struct state state;
	open_files(0);
	fcntl(BASE + 2, F_SETFD, FD_CLOEXEC);
	state_of(&state, OPTIONS(.flags = SS_KEEP_FDS));
	assert_file(&state, BASE, 0);
	assert_file(&state, BASE + 1, 1);
	assert_null(state_get(&state, "fd42"));
	close_files();
}

/* Rule 10. */
static void mapped_to_itself_it_loses_cloexec_in_the_child_only(void **unused)
{
	(void)unused;
	struct state state;
	open_files(O_CLOEXEC);
	const struct ss_fd_map map = {BASE, BASE};
	state_of(&state, OPTIONS(.fds = &map, .n_fds = 1));
	assert_file(&state, BASE, 0);
	assert_int_equal(fcntl(BASE, F_GETFD), FD_CLOEXEC);
	state_of(&state, OPTIONS(.fds = &map, .n_fds = 1, .flags = SS_KEEP_FDS));
	assert_file(&state, BASE, 0);
	assert_int_equal(fcntl(BASE, F_GETFD), FD_CLOEXEC);
	close_files();
}

/* Rule 11: the plan is tested over all small maps without a process; here it meets the kernel. */
static void any_permutation_works(void **unused)
{
	(void)unused;
	open_files(O_CLOEXEC);
	srand(7);
	for (int round = 0; round < workload(60); round++) {
		struct ss_fd_map map[N];
		struct state state;
		size_t n = 0;
		for (int to = 0; to < N; to++)
			if (rand() % 4)
				map[n++] = (struct ss_fd_map){BASE + rand() % N, BASE + to};
		for (size_t i = n; i > 1; i--) {
			size_t j = (size_t)rand() % i;
			struct ss_fd_map swap = map[i - 1];
			map[i - 1] = map[j];
			map[j] = swap;
		}
		state_of(&state,
			OPTIONS(.fds = map, .n_fds = n, .flags = round % 2 ? SS_KEEP_FDS : 0));
		for (size_t i = 0; i < n; i++)
			assert_file(&state, map[i].to, map[i].from - BASE);
	}
	close_files();
}

static void maps_reach_0_to_2_too(void **unused)
{
	(void)unused;
	struct state state;
	open_files(O_CLOEXEC);
	const struct ss_fd_map map[] = {{BASE, 0}, {BASE + 1, 2}, {0, 3}};
	state_of(&state, OPTIONS(.fds = map, .n_fds = 3));
	assert_file(&state, 0, 0);
	assert_file(&state, 2, 1);
	assert_string_equal(state_fds(&state), "0 1 2 3");
	close_files();
}

/* There is no number above the highest target to move anything to. */
static void a_swap_at_the_end_of_the_table_works(void **unused)
{
	(void)unused;
	struct state state;
	struct rlimit old, low;
	open_files(O_CLOEXEC);
	/* A temporary duplicate must not take a target's number, although no other number is free. */
	bool filled[BASE] = {false};
	int next;
	while ((next = fcntl(0, F_DUPFD_CLOEXEC, 10)) < BASE)
		filled[next] = true;
	close(next);
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = BASE + N;
	setrlimit(RLIMIT_NOFILE, &low);
	const struct ss_fd_map map[] = {{BASE, 5}, {BASE + 1, 6}, {BASE + 2, 7},
		{BASE + 4, BASE + 3}, {BASE + 3, BASE + 4}};
	state_of(&state, OPTIONS(.fds = map, .n_fds = 5));
	setrlimit(RLIMIT_NOFILE, &old);
	for (int fd = 10; fd < BASE; fd++)
		if (filled[fd])
			close(fd);
	for (int i = 0; i < 3; i++)
		assert_file(&state, 5 + i, i);
	assert_file(&state, BASE + 3, 4);
	assert_file(&state, BASE + 4, 3);
	assert_string_equal(state_fds(&state), "0 1 2 5 6 7 43 44");
	close_files();
}

/* No temporary duplicate is needed, and the limit leaves no room for one. */
static void many_are_shifted_by_one(void **unused)
{
	(void)unused;
	enum { FIRST = 20, LAST = 199 };
	struct ss_fd_map map[LAST - FIRST];
	struct rlimit old, low;
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = 256;
	for (int fd = FIRST; fd <= LAST; fd++)
		assert_int_equal(dup3(0, fd, O_CLOEXEC), fd);
	for (int i = 0; i < LAST - FIRST; i++)
		map[i] = (struct ss_fd_map){FIRST + i + 1, FIRST + i};
	setrlimit(RLIMIT_NOFILE, &low);
	int status = run_to_end(ARGV("true"), OPTIONS(.fds = map, .n_fds = LAST - FIRST));
	setrlimit(RLIMIT_NOFILE, &old);
	for (int fd = FIRST; fd <= LAST; fd++)
		close(fd);
	assert_int_equal(status, 0);
}

static void a_target_beyond_the_limit_is_a_failure_of_fds(void **unused)
{
	(void)unused;
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > 1 << 30)
		skip();
	const struct ss_fd_map map = {0, (int)limit.rlim_cur};
	assert_fails(ARGV("true"), OPTIONS(.fds = &map, .n_fds = 1), SS_STAGE_FDS, EBADF);
}

static void many_maps_work(void **unused)
{
	(void)unused;
	enum { MANY = 200 };
	struct ss_fd_map map[MANY];
	struct state state;
	for (int i = 0; i < MANY; i++)
		map[i] = (struct ss_fd_map){i % 3, 3 + i};
	state_of(&state, OPTIONS(.fds = map, .n_fds = MANY));
	for (int i = 0; i < MANY; i++) {
		char key[16];
		snprintf(key, sizeof key, "fd%d", 3 + i);
		assert_non_null(state_get(&state, key));
	}
}

/* The child's open returns the number that the file must have. */
static void a_file_opened_where_it_belongs_is_there(void **unused)
{
	(void)unused;
	struct state state;
	int before = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(0);
	state_of(&state, OPTIONS(.in = SS_READ("/dev/zero"), .flags = SS_KEEP_FDS));
	const char *kept = state_get(&state, "fd0");
	bool is_kept = kept && !strcmp(kept, "/dev/zero");
	state_of(&state, OPTIONS(.in = SS_READ("/dev/zero")));
	assert_int_equal(dup2(before, 0), 0);
	close(before);
	assert_true(is_kept);
	assert_state(&state, "fd0", "/dev/zero");
}

/* ---- Pipes with high numbers, which the child opens by name ---------------------------------- */

static bool runs_with_pipes(void)
{
	struct ss_child child;
	char byte;
	int status = -1;
	if (ss_spawn(&child, ARGV("/program"),
		    SS_OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = SS_MERGE)))
		return false;
	ssize_t n = read(child.out, &byte, 1);
	bool ended = ss_wait(&child, &status, -1) == 0;
	ss_release(&child);
	return ended && n == 0 && status == 0;
}

/* An emulator of another machine is not in this root. */
static bool program_runs(void)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		execl("/program", "program", (char *)NULL);
		_exit(1);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

/* Names of /proc are of no use where it is not mounted. The second spawn tries none. */
static int spawn_without_proc(const char *root)
{
	while (dup(0) < 300)
		;
	alarm(patience(20));
	if (chroot(root) || chdir("/") || !access("/proc", F_OK) || !program_runs())
		return 77;
	return !runs_with_pipes() || !runs_with_pipes();
}

static void high_pipes_work_without_proc(void **unused)
{
	(void)unused;
	needs_clone();
	struct temp_dir dir;
	if (geteuid() != 0)
		skip();
	temp_dir_make(&dir);
	temp_dir_copy(&dir, "program", victim("NOTHING"), 0755);
	pid_t pid = fork();
	if (pid == 0)
		_exit(spawn_without_proc(dir.path));
	assert_child_passes(pid);
	temp_dir_remove(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_0_to_2_and_what_is_mapped_is_open),
		TEST(keep_leaves_what_exec_leaves),
		TEST(mapped_to_itself_it_loses_cloexec_in_the_child_only),
		TEST(any_permutation_works),
		TEST(maps_reach_0_to_2_too),
		TEST(a_swap_at_the_end_of_the_table_works),
		TEST(many_are_shifted_by_one),
		TEST(a_target_beyond_the_limit_is_a_failure_of_fds),
		TEST(many_maps_work),
		TEST(a_file_opened_where_it_belongs_is_there),
		TEST(high_pipes_work_without_proc),
	};
	return RUN_TESTS(tests);
}
