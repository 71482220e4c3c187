/* SPDX-License-Identifier: MIT */
/* Where the kernel, a container or a debugger stands in the way, fork is libc's and says why; and what
 * does not stand in the way. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forking.h"
#include "seccomp.h"

#define SET_DISPATCH 59

static int exits_4(void *arg)
{
	(void)arg;
	return block[12345] == block_byte(12345) ? 4 : 1;
}

/* In a process of its own, with some calls refused. Returns 0 if all is as it should be. */
static int with_refused(const struct refusal *refusals, size_t n, enum lean_reason reason)
{
	signal(SIGSYS, SIG_DFL); /* cmocka has a handler */
	if (refuse_calls(refusals, n) < 0)
		return 77;
	if (run_lean(LEAN_EAGER, exits_4, NULL) != 4 << 8)
		return 1;
	if (last.outcome != LEAN_NATIVE || last.reason != reason)
		return 2;
	int status = run_lean(LEAN_RESCUE, exits_4, NULL);
	if (last.reason != reason)
		return 3;
	if (last.outcome == LEAN_NATIVE) /* libc had begun, so it was let go on */
		return status == 4 << 8 ? 0 : 4;
	return last.outcome == LEAN_FAILED && status == -1 && errno == ENOMEM ? 0 : 5;
}

static void in_own_process(const struct refusal *refusals, size_t n, enum lean_reason reason)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(with_refused(refusals, n, reason));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void a_kernel_without_dispatch(void **state)
{
	static const struct refusal refusals[] = {{SYS_prctl, EINVAL, 0, SET_DISPATCH}};
	(void)state;
	needs_dispatch();
	in_own_process(refusals, 1, LEAN_KERNEL);
}

static void a_filter_against_prctl(void **state)
{
	static const struct refusal refusals[] = {{SYS_prctl, EPERM, 0, 0}};
	(void)state;
	needs_dispatch();
	in_own_process(refusals, 1, LEAN_KERNEL);
}

static void a_filter_against_reading_memory(void **state)
{
	static const struct refusal refusals[] = {{SYS_process_vm_readv, EPERM, 0, 0}};
	(void)state;
	in_own_process(refusals, 1, LEAN_KERNEL);
}

static void a_filter_against_waiting(void **state)
{
	static const struct refusal refusals[] = {{SYS_waitid, ENOSYS, 0, 0}};
	(void)state;
	in_own_process(refusals, 1, LEAN_KERNEL);
}

/* A filter that kills for a call, or sends SIGSYS, is found out; what it lets through is not. */
static int with_deadly(const struct refusal *refusal)
{
	struct rlimit core = {0, 0};
	bool harmless = refusal->nr == SYS_acct;
	signal(SIGSYS, SIG_DFL);
	setrlimit(RLIMIT_CORE, &core);
	if (refuse_calls(refusal, 1) < 0)
		return 77;
	for (int i = 0; i < 2; i++) {
		if (run_lean(LEAN_EAGER, exits_4, NULL) != 4 << 8)
			return 1;
		if (last.outcome != (harmless ? LEAN_DONE : LEAN_NATIVE))
			return 2;
		if (last.reason != (harmless ? LEAN_FINE : LEAN_KERNEL))
			return 3;
		int status = run_lean(LEAN_RESCUE, exits_4, NULL);
		if (harmless ? status != 4 << 8 : status != -1 || errno != ENOMEM)
			return 4;
		if (wait4(-1, NULL, __WALL | WNOHANG, NULL) != -1 || errno != ECHILD)
			return 5;
	}
	return 0;
}

static void a_filter_that_kills(void **state)
{
	static const int calls[] = {SYS_acct, SYS_mremap, SYS_madvise, SYS_process_vm_readv,
		SYS_tgkill, SYS_waitid, SYS_prctl, SYS_sigaltstack, SYS_ppoll, SYS_rt_sigpending,
		SYS_gettid, SYS_rt_sigreturn};
	(void)state;
	for (size_t i = 0; i < 2 * sizeof calls / sizeof calls[0]; i++) {
		int how = i % 2 ? REFUSED_BY_DEATH : REFUSED_BY_SIGSYS, status;
		struct refusal refusal = {calls[i / 2], how, 0, 0};
		pid_t pid = fork();
		if (pid == 0)
			_exit(with_deadly(&refusal));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			skip();
		if (status)
			print_error("call %d, %d\n", refusal.nr, refusal.error);
		assert_int_equal(status, 0);
	}
}

/* What a first filter let through a second one does not. */
static int with_a_second_filter(void)
{
	static const struct refusal refusals[] = {
		{SYS_acct, EPERM, 0, 0}, {SYS_madvise, REFUSED_BY_DEATH, 0, 0}};
	signal(SIGSYS, SIG_DFL);
	if (refuse_calls(&refusals[0], 1) < 0)
		return 77;
	if (run_lean(LEAN_EAGER, exits_4, NULL) != 4 << 8 || last.outcome != LEAN_DONE)
		return 1;
	if (refuse_calls(&refusals[1], 1) < 0)
		return 77;
	if (run_lean(LEAN_EAGER, exits_4, NULL) != 4 << 8)
		return 2;
	return last.outcome == LEAN_NATIVE && last.reason == LEAN_KERNEL ? 0 : 3;
}

static void a_second_filter(void **state)
{
	int status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(with_a_second_filter());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

/* A filter may send SIGSYS to who has a handler, for calls that are made here. */
static void a_filter_and_a_handler_for_sigsys(void **state)
{
	static const struct refusal refusals[] = {{SYS_acct, EPERM, 0, 0}};
	int status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGSYS, exit);
		if (refuse_calls(refusals, 1) < 0)
			_exit(77);
		status = run_lean(LEAN_EAGER, exits_4, NULL);
		_exit(status != 4 << 8 || last.reason != LEAN_SIGSYS);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void too_little_to_leave_out(void **state)
{
	struct lean_options options = {.kind = LEAN_EAGER,
		.least_total = UINT64_C(1) << 50,
		.least_range = 65536,
		.libc_fork = fork};
	struct lean_result result;
	(void)state;
	pid_t pid = lean_fork(&options, &result);
	if (pid == 0)
		_exit(3);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 3 << 8);
	assert_int_equal(result.outcome, LEAN_NATIVE);
	assert_int_equal(result.reason, LEAN_SMALL);
}

/* The first process of a pid namespace, which ends with it. */
static int in_new_pid_namespace(void)
{
	if (unshare(CLONE_NEWPID) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
		return 77;
	pid_t pid = fork_lean(LEAN_EAGER);
	if (pid == 0) { /* not for exec: a lean child would be thrown away */
		usleep(1);
		_exit(getpid() == 1 ? 4 : 1);
	}
	int status;
	if (waitpid(pid, &status, 0) != pid || status != 4 << 8)
		return 1;
	return last.outcome == LEAN_NATIVE && last.reason == LEAN_FOREIGN ? 0 : 2;
}

static void the_first_of_a_pid_namespace(void **state)
{
	int status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(in_new_pid_namespace());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

/* Nor may one be that finds out what a filter does. */
static int filtered_in_new_pid_namespace(void)
{
	static const struct refusal refusals[] = {{SYS_acct, EPERM, 0, 0}};
	signal(SIGSYS, SIG_DFL);
	if (unshare(CLONE_NEWPID) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
		return 77;
	if (refuse_calls(refusals, 1) < 0)
		return 77;
	if (run_lean(LEAN_RESCUE, exits_4, NULL) != -1 || errno != ENOMEM)
		return 1;
	pid_t first = fork_lean(LEAN_EAGER);
	if (first == 0)
		for (;;)
			pause();
	if (first < 0 || last.outcome != LEAN_NATIVE)
		return 2;
	int status = run_lean(LEAN_EAGER, exits_4, NULL);
	kill(first, SIGKILL);
	waitpid(first, NULL, 0);
	return status == 4 << 8 && last.outcome == LEAN_DONE ? 0 : 3;
}

static void a_filter_and_a_pid_namespace(void **state)
{
	int status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(filtered_in_new_pid_namespace());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

/* A second fork, below one that is native, finds nothing of the first's. */
static int forks_leanly_again(void *arg)
{
	(void)arg;
	int status = run_lean(LEAN_EAGER, exits_4, NULL);
	return status == 4 << 8 && last.outcome == LEAN_DONE ? 9 : 1;
}

static void nested(void **state)
{
	int status;
	(void)state;
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork_lean(LEAN_EAGER);
		if (pid == 0)
			_exit(forks_leanly_again(NULL));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 9 << 8);
		assert_int_equal(last.outcome, LEAN_RESTARTED);
	}
}

static void *outlives_the_main_thread(void *arg)
{
	(void)arg;
	usleep(50000);
	bool eager = run_lean(LEAN_EAGER, exits_4, NULL) == 4 << 8 && last.outcome == LEAN_DONE;
	ask_only = true;
	bool asked = run_lean(LEAN_EAGER, exits_4, NULL) == 4 << 8 && last.outcome == LEAN_DONE;
	_exit(eager && asked && lean_estimate() >= BLOCK_SIZE ? 0 : 1);
}

static void the_main_thread_has_ended(void **state)
{
	pthread_t thread;
	int status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		if (pthread_create(&thread, NULL, outlives_the_main_thread, NULL))
			_exit(2);
		pthread_exit(NULL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A lean child waits for its parent only as long as there is one. */
static void the_parent_dies(void **state)
{
	int pipes[2];
	char c;
	(void)state;
	assert_int_equal(pipe(pipes), 0);
	pid_t parent = fork();
	if (parent == 0) {
		pid_t killer = fork();
		if (killer == 0) {
			close(pipes[1]);
			usleep(20000);
			kill(getppid(), SIGKILL);
			_exit(0);
		}
		for (;;)
			run_lean(LEAN_EAGER, exits_4, NULL);
	}
	close(pipes[1]);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	/* end of file: nobody is left that holds the other end */
	assert_int_equal(read(pipes[0], &c, 1), 0);
	close(pipes[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_kernel_without_dispatch),
		TEST(a_filter_against_prctl),
		TEST(a_filter_against_reading_memory),
		TEST(a_filter_against_waiting),
		TEST(a_filter_that_kills),
		TEST(a_second_filter),
		TEST(a_filter_and_a_handler_for_sigsys),
		TEST(too_little_to_leave_out),
		TEST(the_first_of_a_pid_namespace),
		TEST(a_filter_and_a_pid_namespace),
		TEST(nested),
		TEST(the_main_thread_has_ended),
		TEST(the_parent_dies),
	};
	return RUN_BLOCK_TESTS(tests);
}
