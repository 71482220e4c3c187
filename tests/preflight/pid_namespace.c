/* SPDX-License-Identifier: MIT */
/* Whether a PID namespace takes more processes: what the kernel says, and what the list of them says. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leak.h"
#include "preflight/read.h"
#include "temp_dir.h"

static struct temp_dir proc;

static void link_to(const char *name, const char *target)
{
	char path[PATH_MAX];
	temp_dir_path(&proc, name, path);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

/* Process 7 is in the namespace 1, and its children get into another. */
static void begin(const char *children)
{
	temp_dir_make(&proc);
	temp_dir_put(&proc, "7/ns/x", "");
	link_to("7/ns/pid", "pid:[1]");
	link_to("7/ns/pid_for_children", children);
}

static enum pid_namespace found(const char *dir)
{
	struct source source;
	assert_int_equal(ss__source_open(&source, dir), 0);
	int task = ss__task_open(&source, 7);
	assert_true(task >= 0);
	enum pid_namespace answer = ss__read_pid_namespace(&source, task);
	close(task);
	ss__source_close(&source);
	return answer;
}

static void the_own_namespace_is_open(void **unused)
{
	(void)unused;
	begin("pid:[1]");
	temp_dir_put(&proc, "7/status", "Tgid:\t7\nState:\tZ (zombie)\n");
	assert_int_equal(found(proc.path), PID_NAMESPACE_OPEN);
	temp_dir_remove(&proc);
}

/* A link that leads nowhere: there is no kernel to ask. */
static void somebody_who_lives_in_it_keeps_it_open(void **unused)
{
	(void)unused;
	begin("pid:[5]");
	assert_int_equal(found(proc.path), PID_NAMESPACE_CLOSED);
	temp_dir_put(&proc, "9/ns/x", "");
	link_to("9/ns/pid", "pid:[5]");
	temp_dir_put(&proc, "9/status", "Tgid:\t9\nState:\tS (sleeping)\n");
	assert_int_equal(found(proc.path), PID_NAMESPACE_OPEN);
	temp_dir_put(&proc, "9/status", "Tgid:\t9\nState:\tZ (zombie)\n");
	assert_int_equal(found(proc.path), PID_NAMESPACE_CLOSED);
	temp_dir_put(&proc, "9/status", "Tgid:\t9\nState:\tX (dead)\n");
	assert_int_equal(found(proc.path), PID_NAMESPACE_CLOSED);
	link_to("9/ns/pid", "pid:[6]");
	temp_dir_put(&proc, "9/status", "Tgid:\t9\nState:\tS (sleeping)\n");
	assert_int_equal(found(proc.path), PID_NAMESPACE_CLOSED);
	temp_dir_remove(&proc);
}

static int look_as_nobody(void)
{
	if (geteuid() == 0 && setuid(65534))
		return 1;
	return found(proc.path) != PID_NAMESPACE_UNKNOWN;
}

static void who_is_not_shown_may_be_in_it(void **unused)
{
	(void)unused;
	char path[PATH_MAX];
	begin("pid:[5]");
	temp_dir_put(&proc, "9/ns/x", "");
	temp_dir_path(&proc, "9/ns", path);
	assert_int_equal(chmod(path, 0), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(look_as_nobody());
	assert_child_passes(pid);
	assert_int_equal(chmod(path, 0755), 0);
	temp_dir_remove(&proc);
}

/* The kernel, if it answers, says that 1 is the first; then that one's own state counts. */
static void the_kernel_names_the_first_process(void **unused)
{
	(void)unused;
	begin("/proc/self/ns/pid");
	temp_dir_put(&proc, "1/ns/x", "");
	temp_dir_put(&proc, "1/status", "Tgid:\t1\nState:\tZ (zombie)\n");
	assert_int_equal(found(proc.path), PID_NAMESPACE_CLOSED);
	temp_dir_put(&proc, "1/status", "Tgid:\t1\nState:\tS (sleeping)\n");
	link_to("1/ns/pid", "/proc/self/ns/pid");
	assert_int_equal(found(proc.path), PID_NAMESPACE_OPEN);
	temp_dir_remove(&proc);
}

static enum pid_namespace own_answer(void)
{
	struct source source;
	if (ss__source_open(&source, NULL))
		return PID_NAMESPACE_UNKNOWN;
	int task = ss__task_open(&source, 0);
	enum pid_namespace answer = ss__read_pid_namespace(&source, task);
	close(task);
	ss__source_close(&source);
	return answer;
}

static int leave_the_namespace_empty(void)
{
	int status;
	if (unshare(CLONE_NEWPID))
		return 77;
	pid_t first = fork();
	if (first == 0)
		_exit(0);
	if (waitpid(first, &status, 0) != first)
		return 1;
	return own_answer() != PID_NAMESPACE_CLOSED;
}

static void without_its_first_process_it_is_closed(void **unused)
{
	(void)unused;
	pid_t pid = fork();
	if (pid == 0)
		_exit(leave_the_namespace_empty());
	assert_child_passes(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_own_namespace_is_open),
		TEST(somebody_who_lives_in_it_keeps_it_open),
		TEST(who_is_not_shown_may_be_in_it),
		TEST(the_kernel_names_the_first_process),
		TEST(without_its_first_process_it_is_closed),
	};
	return RUN_TESTS(tests);
}
