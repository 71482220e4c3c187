/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "leak.h"
#include "seccomp.h"
#include "temp_dir.h"

static const char *safespawn, *shim, *call_and_end, *exec_args;
static struct captured got;
static struct temp_dir dir;
static char report[PATH_MAX], option[PATH_MAX + 16], text[65536];

static int make_dir(void **state)
{
	int r = leak_before(state);
	temp_dir_make(&dir);
	temp_dir_path(&dir, "report", report);
	snprintf(option, sizeof option, "--report=%s", report);
	return r;
}

static int remove_dir(void **state)
{
	temp_dir_remove(&dir);
	return leak_after(state);
}

#define DIR_TEST(f)                                                                                \
	{                                                                                          \
#f, f, make_dir, remove_dir, NULL                                                  \
	}

static int read_report(void)
{
	int fd = open(report, O_RDONLY | O_CLOEXEC), lines = 0;
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	if (fd >= 0)
		close(fd);
	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	return lines;
}

/* The line of the victim; nothing but whole lines may be in the file. */
static const char *own_line(void)
{
	static char line[2048];
	char name[PATH_MAX + 16];
	const char *found = NULL;

	read_report();
	snprintf(name, sizeof name, "\"program\":\"%s\"", call_and_end);
	for (const char *p = text; *p; p = strchr(p, '\n') + 1) {
		size_t len = strcspn(p, "\n");
		assert_int_equal(p[len], '\n');
		assert_memory_equal(p, "{\"safespawn\":1,", strlen("{\"safespawn\":1,"));
		snprintf(line, sizeof line, "%.*s", (int)len, p);
		if (strstr(line, name)) {
			assert_null(found);
			found = p;
		}
	}
	assert_non_null(found);
	snprintf(line, sizeof line, "%.*s", (int)strcspn(found, "\n"), found);
	return line;
}

static void calls_are_counted(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", option, call_and_end, "sspppcfffffyy", "return");
	assert_exited(&got, 7);
	assert_string_equal(got.err, "");
	const char *line = own_line();
	assert_contains(line, "\"calls\":{\"system\":2,\"popen\":4,\"pclose\":3,\"fclose\":1,"
			      "\"fork\":7,\"forkpty\":2}");
	assert_contains(line, "\"spawned\":6,");
	assert_contains(line, "\"ended\":true");
}

/* Parent and child have a line each, and a child does not count what its parent did. */
static void the_child_of_a_fork_counts_from_zero(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", option, call_and_end, "ffe", "return");
	assert_exited(&got, 7);
	CAPTURE(&got, "grep", "-cE", "call_and_end.*\"ended\":true.*\"system\":1,.*\"fork\":0,",
		report);
	assert_string_equal(got.out, "1\n");
	CAPTURE(&got, "grep", "-cE", "call_and_end.*\"ended\":true.*\"system\":0,.*\"fork\":3,",
		report);
	assert_string_equal(got.out, "1\n");
}

static void why_forks_were_not_lean(void **state)
{
	const char *const argv[] = {
		safespawn, "run", "--fork=lean", option, call_and_end, "ffe", "_exit", NULL};
	(void)state;
	capture(&got, argv, CHANGES("SAFESPAWN_MIN=0"));
	assert_exited(&got, 7);
	CAPTURE(&got, "grep", "-E", "call_and_end.*\"fork\":3,", report);
	if (strstr(got.out, "\"reasons\":{\"kernel\":3}"))
		skip(); /* there is no lean fork here */
	assert_contains(got.out, "\"restarted\":3}");
	assert_contains(got.out, "\"reasons\":{\"call\":1,\"exit\":2},\"last_call\":");
}

static void a_process_that_did_nothing_has_a_line(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", option, call_and_end, "", "return");
	assert_exited(&got, 7);
	assert_contains(own_line(), "\"system\":0,");
}

static void it_ends_without_exit(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", option, call_and_end, "f", "_exit");
	assert_exited(&got, 7);
	assert_contains(own_line(), "\"ended\":false");
	assert_contains(own_line(), "\"fork\":1,");
}

static void a_call_left_to_libc_is_written_at_once_too(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", option, call_and_end, "b", "_exit");
	assert_exited(&got, 7);
	assert_contains(own_line(), "\"popen\":1,");
}

static void it_is_killed(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", option, call_and_end, "ff", "kill");
	assert_true(WIFSIGNALED(got.status));
	assert_contains(own_line(), "\"ended\":false");
	assert_contains(own_line(), "\"fork\":2,");
}

/* Two programs in one process are two lines. */
static void it_execs(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", option, call_and_end, "f", "exec");
	assert_exited(&got, 7);
	assert_int_equal(read_report(), 2);
	assert_contains(text, "\"ended\":false");
	assert_contains(text, "\"ended\":true");
}

static void every_process_below_has_a_line(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", option, exec_args, exec_args, call_and_end, "f", "return");
	assert_exited(&got, 7);
	assert_int_equal(read_report(), 3);
	CAPTURE(&got, safespawn, "run", option, "sh", "-c", "$0; $0; $0; exit 0", exec_args);
	assert_exited(&got, 0);
	assert_int_equal(read_report(), 3 + 4);
}

static void many_at_once_do_not_mix(void **state)
{
	(void)state;
	char count[64];
	CAPTURE(&got, safespawn, "run", option, "sh", "-c",
		"i=0; while test $i -lt 20; do $0 sf return & $0 f _exit & i=$((i+1)); done; wait",
		call_and_end);
	assert_exited(&got, 0);
	CAPTURE(&got, "grep", "-cE", "^\\{\"safespawn\":1,.*\\} *$", report);
	/* 40 victims, their shells, the shell. */
	snprintf(count, sizeof count, "%d\n", read_report());
	assert_string_equal(got.out, count);
	CAPTURE(&got, "grep", "-c", call_and_end, report);
	assert_string_equal(got.out, "40\n");
}

static void standard_error_on_request(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", "--report", exec_args);
	assert_exited(&got, 0);
	assert_memory_equal(got.err, "{\"safespawn\":1,", 15);
	assert_string_equal(got.out, "");
}

static void never_another_standard_error(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", "--report", "sh", "-c", "echo \"<$($0 2>&1)>\"; exec $0",
		exec_args);
	assert_exited(&got, 0);
	assert_string_equal(got.out, "<>\n");
	assert_memory_equal(got.err, "{\"safespawn\":1,", 15);
}

static void a_pipe_by_the_name_of_its_descriptor(void **state)
{
	(void)state;
	static const char *const names[] = {"/dev/stdout", "/dev/fd/1", "/dev/stderr", "/dev/fd/9"};
	char script[512], link[32];
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strstr(names[i], "std") && readlink(names[i], link, sizeof link) < 0)
			continue; /* a bare /dev */
		snprintf(script, sizeof script,
			"{ { \"$0\" run --report=%s sh -c 'echo \"<$($0 2>&1 9>&1)>\"; exec $0' "
			"\"$1\"; "
			"} 9>&1 2>&1; echo $?; } | cat",
			names[i]);
		CAPTURE(&got, "sh", "-c", script, safespawn, exec_args);
		assert_memory_equal(got.out, "<>\n{\"safespawn\":1,", 18);
		assert_contains(got.out, "}\n0\n");
	}
}

/* As what comes with coreutils does before it exits. */
static void the_program_closes_its_streams(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", "--report", call_and_end, "ffxf", "return");
	assert_exited(&got, 7);
	assert_contains(got.err, "\"ended\":true,\"calls\":{\"system\":0,\"popen\":0,\"pclose\":0,"
				 "\"fclose\":0,\"fork\":2,");
	assert_ptr_equal(strchr(got.err, '\n'), got.err + strlen(got.err) - 1);
	CAPTURE(&got, "sh", "-c", "\"$@\" | cat", "sh", safespawn, "run", "--report=/dev/fd/1",
		call_and_end, "fx", "return");
	assert_contains(got.out, "\"fork\":1,");
}

/* What has the number of standard error later on is not for the report. */
static void nothing_after_standard_error_is_closed(void **state)
{
	(void)state;
	CAPTURE(&got, "sh", "-c", "exec \"$@\" 3>&2", "sh", safespawn, "run", "--report=-",
		call_and_end, "xof", "return");
	assert_exited(&got, 7);
	assert_ptr_equal(strchr(got.err, '\n'), got.err + strlen(got.err) - 1);
	assert_contains(got.err, "\"fork\":0,");
}

static void no_standard_error_no_report(void **state)
{
	(void)state;
	CAPTURE(&got, "sh", "-c", "exec \"$@\" 2>&-", "sh", safespawn, "run", "--report", "sh",
		"-c", "echo \"<$SAFESPAWN_REPORT>\"; exit 3");
	assert_exited(&got, 3);
	assert_string_equal(got.out, "<>\n");
}

static void nothing_unless_asked(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", call_and_end, "spcfy", "return");
	assert_exited(&got, 7);
	assert_string_equal(got.out, "");
	assert_string_equal(got.err, "");
	assert_int_equal(access(report, F_OK), -1);
}

static void a_name_is_relative_to_where_the_program_starts(void **state)
{
	(void)state;
	char preload[PATH_MAX + 16];
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", shim);
	capture(&got,
		(const char *[]){"sh", "-c", "cd \"$0\" && exec env \"$@\"", dir.path, preload,
			call_and_end, "fdf", "return", NULL},
		CHANGES("SAFESPAWN_REPORT=report"));
	assert_exited(&got, 7);
	assert_contains(own_line(), "\"fork\":2,");
	assert_contains(own_line(), "\"ended\":true");
}

static void what_is_in_the_file_stays(void **state)
{
	(void)state;
	temp_dir_write(&dir, "report", "first\n", 0644);
	CAPTURE(&got, safespawn, "run", option, call_and_end, "ff", "_exit");
	assert_int_equal(read_report(), 2);
	assert_memory_equal(text, "first\n", 6);
}

/* The shell empties, removes or replaces the file between two forks of the same process. */
static void a_file_that_is_cut_or_replaced(void **state)
{
	(void)state;
	static const char *const actions[] = {
		": >\"$0\"",
		"rm -f \"$0\"",
		"rm -f \"$0\"; yes other | head -n 700 >\"$0\"",
	};
	char script[512];
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
		snprintf(script, sizeof script,
			"SAFESPAWN_REPORT= LD_PRELOAD=; (:); %s; (:); kill -9 $$", actions[i]);
		/* Not at the start of the file, where a line written in the wrong place shows. */
		temp_dir_write(&dir, "report", "first\n", 0644);
		CAPTURE(&got, safespawn, "run", option, "bash", "-c", script, report);
		if (WIFEXITED(got.status) && WEXITSTATUS(got.status) == 127)
			skip();
		assert_true(WIFSIGNALED(got.status));
		CAPTURE(&got, "grep", "-c", "^{\"safespawn\":1,.*bash.*\"fork\":[1-9]", report);
		assert_exited(&got, 0);
		CAPTURE(&got, "grep", "-cx", "other", report);
		assert_string_equal(got.out, i == 2 ? "700\n" : "0\n");
		unlink(report);
	}
}

/* To a FIFO nobody reads, a full device, a directory without the right to write: all lost. */
static void what_cannot_be_written_is_lost(void **state)
{
	(void)state;
	char change[PATH_MAX + 32], preload[PATH_MAX + 16];
	char fifo[PATH_MAX];
	temp_dir_path(&dir, "fifo", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	const char *const places[] = {fifo, "/dev/full", "/nonexistent/report", dir.path};

	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", shim);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		snprintf(change, sizeof change, "SAFESPAWN_REPORT=%s", places[i]);
		capture(&got, (const char *[]){call_and_end, "spcfy", "return", NULL},
			CHANGES(change, preload));
		assert_exited(&got, 7);
		assert_string_equal(got.err, "");
	}
}

/* How often a writer has closed it. Opening is watched as well, as like events in a row become one. */
static int closes(int watch)
{
	struct inotify_event event;
	int n = 0;
	while (read(watch, &event, sizeof event) == sizeof event)
		n += (event.mask & IN_CLOSE_WRITE) != 0;
	return n;
}

/* A reader would take each close for the end, so there is one for each line. */
static void a_fifo_is_opened_for_the_line_only(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(report, 0600), 0);
	int reader = open(report, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int watched = inotify_add_watch(watch, report, IN_OPEN | IN_CLOSE_WRITE) >= 0;
	if (watched)
		CAPTURE(&got, safespawn, "run", option, call_and_end, "ffpc", "return");
	int n = watched ? closes(watch) : 0;
	ssize_t len = read(reader, text, sizeof text - 1);
	close(watch);
	close(reader);
	if (!watched)
		skip();
	assert_exited(&got, 7);
	assert_between(len, 1, sizeof text - 1);
	text[len] = '\0';
	assert_contains(text, "\"ended\":true");
	int lines = 0;
	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	assert_int_equal(n, lines);
}

static void the_limit_on_file_sizes_kills_nobody(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", option, "sh", "-c", "ulimit -f 0; \"$0\" sf return",
		call_and_end);
	assert_exited(&got, 7);
	assert_string_equal(got.err, "");
}

static void a_closed_pipe_kills_nobody(void **state)
{
	(void)state;
	/* Standard error is the write end of a pipe without a reader. */
	CAPTURE(&got, safespawn, "run", "sh", "-c",
		"{ sleep 0.1; SAFESPAWN_REPORT=- \"$0\" f return 2>&3; echo $? >\"$1\"; } 3>&1 "
		">/dev/null | :; sleep 0.3",
		call_and_end, report);
	assert_exited(&got, 0);
	assert_int_equal(read_report(), 1);
	assert_string_equal(text, "7\n");
}

/* A filter kills for what it does not know: nothing is written rather than that. */
static void a_program_that_locks_itself_in_is_not_killed(void **state)
{
	static const char *const how[] = {"worker", "raw", "self", "forks", "execs"};
	const char *lock_in = getenv("LOCK_IN");
	(void)state;
	for (size_t i = 0; i < sizeof how / sizeof how[0]; i++) {
		CAPTURE(&got, lock_in, how[i]);
		if (WIFEXITED(got.status) && WEXITSTATUS(got.status) == 77)
			skip();
		assert_exited(&got, 5);
		CAPTURE(&got, safespawn, "run", option, lock_in, how[i]);
		if (got.status != 5 << 8)
			print_error("%s\n", how[i]);
		assert_exited(&got, 5);
		CAPTURE(&got, safespawn, "run", "--fork=lean", option, lock_in, how[i]);
		assert_exited(&got, 5);
	}
}

static void run_with_a_filter(const char *calls)
{
	static const struct refusal refusal = {.nr = SYS_mknodat, .error = EPERM};
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		if (refuse_calls(&refusal, 1) < 0)
			_exit(77);
		execl(safespawn, "safespawn", "run", option, call_and_end, calls, "return", NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status == 77 << 8)
		skip();
	assert_int_equal(status, 7 << 8);
}

/* As in a container: who has had nothing to tell does not find out whether it may. */
static void a_filter_that_lets_it_write(void **state)
{
	(void)state;
	run_with_a_filter("");
	assert_int_equal(read_report(), 0);
	run_with_a_filter("ff");
	if (read_report() == 0)
		skip(); /* there is no lean fork here, by which it is found out */
	assert_contains(own_line(), "\"fork\":2,");
	assert_contains(own_line(), "\"ended\":true");
}

static void descriptors_closed_by_the_program_do_not_matter(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "run", option, "sh", "-c", "exec \"$0\" fs return <&- >&- 2>&-",
		call_and_end);
	assert_exited(&got, 7);
	assert_contains(own_line(), "\"fork\":1,");
}

int main(void)
{
	safespawn = getenv("SAFESPAWN");
	shim = getenv("SHIM");
	call_and_end = getenv("CALL_AND_END");
	exec_args = getenv("EXEC_ARGS");
	unsetenv("LD_PRELOAD");
	const struct CMUnitTest tests[] = {
		DIR_TEST(calls_are_counted),
		DIR_TEST(the_child_of_a_fork_counts_from_zero),
		DIR_TEST(why_forks_were_not_lean),
		DIR_TEST(a_process_that_did_nothing_has_a_line),
		DIR_TEST(it_ends_without_exit),
		DIR_TEST(a_call_left_to_libc_is_written_at_once_too),
		DIR_TEST(it_is_killed),
		DIR_TEST(it_execs),
		DIR_TEST(every_process_below_has_a_line),
		DIR_TEST(many_at_once_do_not_mix),
		DIR_TEST(standard_error_on_request),
		DIR_TEST(never_another_standard_error),
		DIR_TEST(a_pipe_by_the_name_of_its_descriptor),
		DIR_TEST(the_program_closes_its_streams),
		DIR_TEST(nothing_after_standard_error_is_closed),
		DIR_TEST(no_standard_error_no_report),
		DIR_TEST(nothing_unless_asked),
		DIR_TEST(a_name_is_relative_to_where_the_program_starts),
		DIR_TEST(what_is_in_the_file_stays),
		DIR_TEST(a_file_that_is_cut_or_replaced),
		DIR_TEST(what_cannot_be_written_is_lost),
		DIR_TEST(a_fifo_is_opened_for_the_line_only),
		DIR_TEST(the_limit_on_file_sizes_kills_nobody),
		DIR_TEST(a_closed_pipe_kills_nobody),
		DIR_TEST(a_filter_that_lets_it_write),
		DIR_TEST(a_program_that_locks_itself_in_is_not_killed),
		DIR_TEST(descriptors_closed_by_the_program_do_not_matter),
	};
	return RUN_TESTS(tests);
}
