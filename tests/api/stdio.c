/* SPDX-License-Identifier: MIT */
/* What the child gets as its descriptors 0 to 2. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "temp_dir.h"

static void in_file(const char *path, const char *text)
{
	char is[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	read_all(fd, is, sizeof is);
	close(fd);
	assert_string_equal(is, text);
}

static void all_three_are_inherited_by_default(void **unused)
{
	(void)unused;
	struct state state;
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	struct ss_child child;
	const struct ss_fd_map map = {ends[1], 9};
	assert_int_equal(
		ss_spawn(&child, ARGV(victim("STATE"), "9"), SS_OPTIONS(.fds = &map, .n_fds = 1)),
		0);
	close(ends[1]);
	state_read(&state, &child, ends[0]);
	close(ends[0]);
	for (int fd = 0; fd < 3; fd++) {
		char path[32], target[256], key[8];
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		snprintf(key, sizeof key, "fd%d", fd);
		ssize_t n = readlink(path, target, sizeof target - 1);
		assert_true(n > 0);
		target[n] = '\0';
		assert_state(&state, key, target);
	}
}

static void pipes_lead_to_the_child_and_back(void **unused)
{
	(void)unused;
	struct ss_child child;
	char text[64];
	int status;
	assert_int_equal(ss_spawn(&child, ARGV("sh", "-c", "read x; echo out $x; echo err $x >&2"),
				 SS_OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = SS_PIPE)),
		0);
	assert_int_equal(fcntl(child.in, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(child.out, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(child.err, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(child.in, "hello\n", 6), 6);
	read_all(child.out, text, sizeof text);
	assert_string_equal(text, "out hello\n");
	read_all(child.err, text, sizeof text);
	assert_string_equal(text, "err hello\n");
	assert_int_equal(ss_wait(&child, &status, -1), 0);
	assert_int_equal(status, 0);
	ss_release(&child);
	assert_int_equal(child.in, -1);
	assert_int_equal(child.pidfd, -1);
}

/* The child must not hold the writing end of its own stdin, nor may a second child. */
static void closing_our_end_ends_the_childs_input(void **unused)
{
	(void)unused;
	struct ss_child first, second;
	assert_int_equal(
		ss_spawn(&first, ARGV("cat"), SS_OPTIONS(.in = SS_PIPE, .out = SS_NULL)), 0);
	assert_int_equal(ss_spawn(&second, ARGV("cat"),
				 SS_OPTIONS(.in = SS_PIPE, .out = SS_NULL, .flags = SS_KEEP_FDS)),
		0);
	close(first.in);
	first.in = -1;
	assert_int_equal(ss_wait(&first, NULL, 10000), 0);
	close(second.in);
	second.in = -1;
	assert_int_equal(ss_wait(&second, NULL, 10000), 0);
	ss_release(&first);
	ss_release(&second);
}

static void null_reads_as_empty_and_swallows(void **unused)
{
	(void)unused;
	struct state state;
	state_of(&state, OPTIONS(.in = SS_NULL, .err = SS_NULL));
	assert_state(&state, "fd0", "/dev/null");
	assert_state(&state, "fd2", "/dev/null");
}

static void closed_is_not_open(void **unused)
{
	(void)unused;
	struct state state;
	state_of(&state, OPTIONS(.in = SS_CLOSED, .err = SS_CLOSED));
	assert_string_equal(state_fds(&state), "1");
	state_of(&state, OPTIONS(.in = SS_CLOSED, .err = SS_CLOSED, .flags = SS_KEEP_FDS));
	assert_null(state_get(&state, "fd0"));
	assert_null(state_get(&state, "fd2"));
}

static void files_are_read_written_and_appended_to(void **unused)
{
	(void)unused;
	struct temp_dir dir;
	char in[PATH_MAX], out[PATH_MAX];
	temp_dir_make(&dir);
	temp_dir_write(&dir, "in", "text\n", 0644);
	temp_dir_path(&dir, "in", in);
	temp_dir_path(&dir, "out", out);
	assert_int_equal(
		run_to_end(ARGV("cat"), OPTIONS(.in = SS_READ(in), .out = SS_WRITE(out))), 0);
	in_file(out, "text\n");
	assert_int_equal(
		run_to_end(ARGV("cat"), OPTIONS(.in = SS_READ(in), .out = SS_APPEND(out))), 0);
	in_file(out, "text\ntext\n");
	assert_int_equal(
		run_to_end(ARGV("cat"), OPTIONS(.in = SS_READ(in), .out = SS_WRITE(out))), 0);
	in_file(out, "text\n");
	struct stat st;
	mode_t mask = umask(0);
	umask(mask);
	assert_int_equal(stat(out, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
	temp_dir_remove(&dir);
}

static void paths_are_relative_to_the_callers_directory(void **unused)
{
	(void)unused;
	struct temp_dir dir;
	char out[PATH_MAX], back[PATH_MAX];
	temp_dir_make(&dir);
	temp_dir_path(&dir, "out", out);
	assert_non_null(getcwd(back, sizeof back));
	assert_int_equal(chdir(dir.path), 0);
	assert_int_equal(run_to_end(ARGV("pwd"), OPTIONS(.out = SS_WRITE("out"), .cwd = "/")), 0);
	assert_int_equal(chdir(back), 0);
	in_file(out, "/\n");
	temp_dir_remove(&dir);
}

static void a_given_descriptor_is_used(void **unused)
{
	(void)unused;
	int ends[2];
	char text[64];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(run_to_end(ARGV("echo", "hello"), OPTIONS(.out = SS_FD(ends[1]))), 0);
	assert_int_equal(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
	close(ends[1]);
	read_all(ends[0], text, sizeof text);
	close(ends[0]);
	assert_string_equal(text, "hello\n");
}

static void err_merges_with_whatever_out_is(void **unused)
{
	(void)unused;
	struct ss_child child;
	char text[64];
	char *const *both = ARGV("sh", "-c", "echo a; echo b >&2; echo c");
	assert_int_equal(ss_spawn(&child, both, SS_OPTIONS(.out = SS_PIPE, .err = SS_MERGE)), 0);
	read_all(child.out, text, sizeof text);
	assert_string_equal(text, "a\nb\nc\n");
	assert_int_equal(child.err, -1);
	assert_int_equal(ss_wait(&child, NULL, -1), 0);
	ss_release(&child);

	struct state state;
	state_of(&state, OPTIONS(.out = SS_PIPE, .err = SS_MERGE));
	assert_string_equal(state_get(&state, "fd1"), state_get(&state, "fd2"));
}

static void err_merges_with_an_inherited_or_mapped_out(void **unused)
{
	(void)unused;
	int ends[2];
	char text[64];
	char *const *both = ARGV("sh", "-c", "echo a; echo b >&2");
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	const struct ss_fd_map map = {ends[1], 1};
	assert_int_equal(run_to_end(both, OPTIONS(.fds = &map, .n_fds = 1, .err = SS_MERGE)), 0);
	int saved = dup(1);
	fcntl(saved, F_SETFD, FD_CLOEXEC);
	dup2(ends[1], 1);
	int status = run_to_end(both, OPTIONS(.err = SS_MERGE));
	dup2(saved, 1);
	close(saved);
	assert_int_equal(status, 0);
	close(ends[1]);
	read_all(ends[0], text, sizeof text);
	close(ends[0]);
	assert_string_equal(text, "a\nb\na\nb\n");
}

static void err_merges_with_a_closed_out(void **unused)
{
	(void)unused;
	assert_int_equal(run_to_end(ARGV("sh", "-c", "{ echo >&2; } 2>/dev/null || exit 0; exit 0"),
				 OPTIONS(.out = SS_CLOSED, .err = SS_MERGE)),
		0);
	assert_int_equal(run_to_end(ARGV("sh", "-c", "test ! -e /proc/self/fd/2"),
				 OPTIONS(.out = SS_CLOSED, .err = SS_MERGE)),
		0);
}

/* What is opened for in comes out as the caller's 1, as a pidfd would. */
static void err_merges_with_an_out_that_the_caller_has_not(void **unused)
{
	(void)unused;
	const struct ss_stdio ins[] = {SS_INHERIT, SS_PIPE, SS_NULL};
	for (int i = 0; i < 6; i++) {
		struct state state;
		struct ss_child child;
		int ends[2];
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		const struct ss_fd_map map = {ends[1], 9};
		int saved = fcntl(1, F_DUPFD_CLOEXEC, 10);
		close(1);
		int r = ss_spawn(&child, ARGV(victim("STATE"), "9"),
			SS_OPTIONS(.in = ins[i / 2], .err = SS_MERGE, .fds = &map, .n_fds = 1,
				.flags = SS_NO_PIDFD | (i % 2 ? SS_KEEP_FDS : 0)));
		dup2(saved, 1);
		close(saved);
		close(ends[1]);
		assert_int_equal(r, 0);
		state_read(&state, &child, ends[0]);
		close(ends[0]);
		assert_null(state_get(&state, "fd1"));
		assert_null(state_get(&state, "fd2"));
	}
}

/* Rule 11: pipe ends come out as 0 to 2 then. */
static void it_works_with_0_to_2_closed_in_the_caller(void **unused)
{
	(void)unused;
	for (int closed = 1; closed < 8; closed++) {
		int saved[3];
		struct ss_child child;
		char text[64] = "";
		for (int fd = 0; fd < 3; fd++)
			saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
		for (int fd = 0; fd < 3; fd++)
			if (closed >> fd & 1)
				close(fd);
		int r = ss_spawn(&child, ARGV("sh", "-c", "read x; echo out $x; echo err $x >&2"),
			SS_OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = SS_MERGE));
		if (r == 0) {
			r = write(child.in, "hi\n", 3) != 3;
			read_all(child.out, text, sizeof text);
			r |= ss_wait(&child, NULL, -1);
			ss_release(&child);
		}
		for (int fd = 0; fd < 3; fd++) {
			dup2(saved[fd], fd);
			close(saved[fd]);
		}
		assert_int_equal(r, 0);
		assert_string_equal(text, "out hi\nerr hi\n");
	}
}

static void what_is_closed_in_the_caller_stays_closed(void **unused)
{
	(void)unused;
	struct state state;
	int saved = fcntl(0, F_DUPFD_CLOEXEC, 10);
	close(0);
	state_of(&state, OPTIONS(.flags = 0));
	dup2(saved, 0);
	close(saved);
	assert_string_equal(state_fds(&state), "1 2");
}

static void a_file_that_cannot_be_opened_is_a_failure_of_stdio(void **unused)
{
	(void)unused;
	assert_fails(ARGV("true"), OPTIONS(.in = SS_READ("/nonexistent")), SS_STAGE_STDIO, ENOENT);
	assert_fails(ARGV("true"), OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = SS_WRITE("/")),
		SS_STAGE_STDIO, EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_three_are_inherited_by_default),
		TEST(pipes_lead_to_the_child_and_back),
		TEST(closing_our_end_ends_the_childs_input),
		TEST(null_reads_as_empty_and_swallows),
		TEST(closed_is_not_open),
		TEST(files_are_read_written_and_appended_to),
		TEST(paths_are_relative_to_the_callers_directory),
		TEST(a_given_descriptor_is_used),
		TEST(err_merges_with_whatever_out_is),
		TEST(err_merges_with_an_inherited_or_mapped_out),
		TEST(err_merges_with_a_closed_out),
		TEST(err_merges_with_an_out_that_the_caller_has_not),
		TEST(it_works_with_0_to_2_closed_in_the_caller),
		TEST(what_is_closed_in_the_caller_stays_closed),
		TEST(a_file_that_cannot_be_opened_is_a_failure_of_stdio),
	};
	return RUN_TESTS(tests);
}
