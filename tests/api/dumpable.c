/* SPDX-License-Identifier: MIT */
/*
 * Rule 3, where somebody forks meanwhile: the child has the flag that the program has set, and fork
 * does not wait for its own thread. And the purpose of the flag: the new user cannot read the
 * caller's memory through the child.
 */
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "kept_exec.h"
#include "leak.h"

static volatile sig_atomic_t signal_at_prctl;
static volatile sig_atomic_t forks, bad_forks;

static int dumpable(void)
{
	return (int)syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
}

static void set_dumpable(int flag)
{
	syscall(SYS_prctl, PR_SET_DUMPABLE, flag, 0, 0, 0);
}

/* The library's prctl calls come here: this raises a signal in the middle of its work. */
int prctl(int option, ...)
{
	va_list list;
	va_start(list, option);
	unsigned long value = va_arg(list, unsigned long);
	va_end(list);
	if (signal_at_prctl)
		raise((int)signal_at_prctl);
	return (int)syscall(SYS_prctl, option, value, 0, 0, 0);
}

static void wait_for_good(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	forks++;
	bad_forks += status != 0;
}

static void fork_and_look(int sig)
{
	(void)sig;
	pid_t pid = fork();
	if (pid == 0)
		_exit(dumpable() != 1);
	wait_for_good(pid);
}

static void fail_as_other(void)
{
	struct ss_child child;
	if (ss_spawn(&child, ARGV("/nonexistent"),
		    SS_OPTIONS(.flags = SS_SET_UID | SS_SET_GID, .uid = 54321, .gid = 54321)) ==
			0 ||
		errno != ENOENT)
		_exit(2);
}

/* In a process of its own, which a deadlock does not outlive. Returns its wait status. */
static int run_apart(void (*subject)(void))
{
	int status;
	needs_clone();
	needs_shared_memory();
	if (geteuid() != 0)
		skip();
	pid_t pid = fork();
	if (pid == 0) {
		alarm(patience(20));
		subject();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void (*checked)(void);

static void call_and_look(void)
{
	checked();
	_exit(dumpable() != 1 || forks == 0 || bad_forks != 0);
}

static void check(void (*subject)(void))
{
	checked = subject;
	assert_int_equal(run_apart(call_and_look), 0);
}

/* ---- Signal handlers ------------------------------------------------------------------------ */

static void signals_while_the_flag_is_looked_after(void)
{
	signal(SIGUSR1, fork_and_look);
	signal_at_prctl = SIGUSR1;
	fail_as_other();
	signal_at_prctl = 0;
}

static void a_handler_may_fork_wherever_it_interrupts(void **unused)
{
	(void)unused;
	check(signals_while_the_flag_is_looked_after);
}

static void fork_once_and_look(int sig)
{
	if (forks == 0)
		fork_and_look(sig);
}

/* SIGCHLD is that of the child which has failed, and changed the flag. */
static void signal_while_the_flag_is_changed(void)
{
	signal(SIGCHLD, fork_once_and_look);
	fail_as_other();
}

static void its_child_has_the_flag_as_it_was(void **unused)
{
	(void)unused;
	check(signal_while_the_flag_is_changed);
}

static bool in_child;

static void fork_once_and_return(int sig)
{
	(void)sig;
	if (forks || in_child)
		return;
	pid_t pid = fork();
	if (pid)
		wait_for_good(pid);
	else
		in_child = true;
}

/* The child comes back from ss_spawn too; the next ones find nobody who still counts. */
static void return_in_the_child(void)
{
	signal(SIGCHLD, fork_once_and_return);
	fail_as_other();
	if (!in_child)
		return;
	bool good = dumpable() == 1;
	for (int flag = 0; flag < 2; flag++) {
		set_dumpable(flag);
		fail_as_other();
		good = good && dumpable() == flag;
	}
	_exit(!good);
}

static void its_child_may_return_into_the_spawn(void **unused)
{
	(void)unused;
	check(return_in_the_child);
}

/* ---- Other threads -------------------------------------------------------------------------- */

static atomic_bool done;

static void *run_until_done(void *unused)
{
	(void)unused;
	while (!done) {
		struct ss_child child;
		if (ss_spawn(&child, ARGV("/bin/true"),
			    SS_OPTIONS(.flags = SS_SET_UID | SS_SET_GID, .uid = 54321,
				    .gid = 54321)))
			_exit(2);
		ss_wait(&child, NULL, -1);
		ss_release(&child);
	}
	return NULL;
}

/* So much memory to copy that spawns end between the copying of the flag and that of the rest. */
static void fork_beside_spawns(void)
{
	enum { SIZE = 64 << 20 };
	pthread_t thread;
	char *memory = malloc(SIZE);
	memset(memory, 1, SIZE);
	if (pthread_create(&thread, NULL, run_until_done, NULL))
		_exit(3);
	for (int i = 0; i < workload(100); i++) {
		alarm(patience(
			20)); /* from here on: the whole takes as long as the machine is busy */
		fork_and_look(0);
	}
	done = true;
	pthread_join(thread, NULL);
	free(memory);
}

static void a_thread_may_fork_at_any_instant(void **unused)
{
	(void)unused;
	check(fork_beside_spawns);
}

/* ---- The new user --------------------------------------------------------------------------- */

enum { OTHER = 54321 };

static atomic_int listener = -1;
static char secret[] = "the caller's";

static void *spawn_as_other(void *unused)
{
	(void)unused;
	struct ss_child child;
	listener = kept_exec_begin();
	if (ss_spawn(&child, ARGV(victim_for_all("NOTHING")),
		    SS_OPTIONS(.flags = SS_SET_UID | SS_SET_GID, .uid = OTHER, .gid = OTHER)))
		_exit(2);
	ss_wait(&child, NULL, -1);
	ss_release(&child);
	return NULL;
}

/* 0, or the errno that the other user gets. */
static int read_as_other(pid_t target)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		char copy[sizeof secret];
		const struct iovec to = {copy, sizeof copy}, from = {secret, sizeof secret};
		if (setgroups(0, NULL) || setresgid(OTHER, OTHER, OTHER) ||
			setresuid(OTHER, OTHER, OTHER))
			_exit(255);
		_exit(process_vm_readv(target, &to, 1, &from, 1, 0) < 0 ? errno : 0);
	}
	return waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
}

/* /proc says by its owner whom it lets in. */
static bool belongs_to_other(pid_t pid)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	return stat(path, &st) == 0 && st.st_uid == OTHER;
}

/* With the flag set the owner changes, so that the first look has not been right by chance. */
static void look_at_child_before_exec(void)
{
	pthread_t thread;
	pid_t pid;
	if (pthread_create(&thread, NULL, spawn_as_other, NULL))
		_exit(3);
	while (listener < 0)
		usleep(1000);
	uint64_t exec = kept_exec_await(listener, &pid);
	if (read_as_other(pid) != EPERM || belongs_to_other(pid))
		_exit(4);
	set_dumpable(1);
	if (!belongs_to_other(pid))
		_exit(5);
	kept_exec_let_go(listener, exec);
	pthread_join(thread, NULL);
}

static void the_new_user_cannot_read_the_callers_memory(void **unused)
{
	(void)unused;
	int status = run_apart(look_at_child_before_exec);
	if (status == KEPT_EXEC_NO_FILTER << 8)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_handler_may_fork_wherever_it_interrupts),
		TEST(its_child_has_the_flag_as_it_was),
		TEST(its_child_may_return_into_the_spawn),
		TEST(a_thread_may_fork_at_any_instant),
		TEST(the_new_user_cannot_read_the_callers_memory),
	};
	return RUN_TESTS(tests);
}
