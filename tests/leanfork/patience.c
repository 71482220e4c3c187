/* SPDX-License-Identifier: MIT */
/*
 * fork returns whatever the child does, and a child is not given up because the machine is busy. Each
 * case runs in a process of its own, which is killed if it takes minutes.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "forking.h"
#include "seccomp.h"
#include "preload/leanfork/gate.h"

#define NOT_FOR_EVER_S 100

static int status_of(pid_t pid)
{
	int status = -1;
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The case returns 0 if all is as it should be, 77 if it can't be tried. */
static void in_own_process(int (*run)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		alarm(NOT_FOR_EVER_S);
		_exit(run());
	}
	int status = status_of(pid);
	kill(-pid, SIGKILL);
	assert_passed(status);
}

static int fills_a_terminal(void)
{
	char line[200], text[4096];
	ssize_t n, sum = 0;
	int ours, theirs;
	if (openpty(&ours, &theirs, NULL, NULL, NULL))
		return 77;
	memset(line, 'y', sizeof line);
	line[sizeof line - 1] = '\n';
	pid_t pid = fork_lean(LEAN_RESCUE);
	if (pid == 0) {
		for (int i = 0; i < 90; i++)
			if (write(theirs, line, sizeof line) != sizeof line)
				exec_exit(1);
		exec_exit(block[999] == block_byte(999) ? 4 : 2);
	}
	close(theirs);
	while ((n = read(ours, text, sizeof text)) > 0)
		sum += n;
	if (status_of(pid) != 4 << 8)
		return 1;
	return sum == 90 * (sizeof line + 1) ? 0 : 2;
}

static void a_terminal_that_is_full(void **state)
{
	(void)state;
	in_own_process(fills_a_terminal);
}

static int waits_for_all(void)
{
	int pair[2];
	char text[7] = "";
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || write(pair[0], "abc", 3) != 3)
		return 77;
	pid_t pid = fork_lean(LEAN_RESCUE);
	if (pid == 0)
		exec_exit(recv(pair[1], text, 6, MSG_WAITALL) == 6 && !strcmp(text, "abcdef") ? 4
											      : 1);
	if (write(pair[0], "def", 3) != 3)
		return 1;
	return status_of(pid) == 4 << 8 ? 0 : 2;
}

static void the_rest_of_a_message(void **state)
{
	(void)state;
	in_own_process(waits_for_all);
}

/* A descriptor of the child's own, or so it seems: its number is in use again. */
static int waits_on_an_old_number(void)
{
	static const enum lean_kind kinds[] = {LEAN_RESCUE, LEAN_EAGER};
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork_lean(kinds[i]);
		if (pid == 0) {
			int pair[2], fd = open("/etc/passwd", O_RDONLY);
			syscall(436 /* close_range */, fd, fd, 0);
			if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || pair[0] != fd)
				_exit(1);
			_exit(read(fd, &(char){0}, 1) < 0 ? 2 : 3);
		}
		kill(pid, SIGKILL);
		if (status_of(pid) != SIGKILL)
			return 1;
	}
	return 0;
}

static void a_number_that_is_used_again(void **state)
{
	(void)state;
	in_own_process(waits_on_an_old_number);
}

static void spin_ms(clockid_t clock, long ms)
{
	struct timespec start, now;
	clock_gettime(clock, &start);
	do
		clock_gettime(clock, &now);
	while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
}

/* Without a system call: what it says of itself is shared memory. */
static volatile pid_t *lean_one;

static _Noreturn void be_lean_for(long ms)
{
	*lean_one = getpid();
	spin_ms(CLOCK_MONOTONIC, ms);
	exec_exit(4);
}

static pid_t wait_for_lean_one(void)
{
	while (!*lean_one)
		usleep(1000);
	return *lean_one;
}

static int is_interrupted(enum lean_kind kind, int sig)
{
	int status;
	*lean_one = 0;
	pid_t forker = fork();
	if (forker == 0) {
		setpgid(0, 0);
		pid_t pid = fork_lean(kind);
		if (pid == 0)
			be_lean_for(500);
		_exit(status_of(pid) == 4 << 8 ? 0 : 1);
	}
	setpgid(forker, forker);
	if (kind == LEAN_RESCUE)
		wait_for_lean_one();
	else
		usleep(200000); /* an eager one may not write there */
	kill(-forker, sig);
	if (waitpid(forker, &status, WUNTRACED) != forker)
		return 1;
	if (WIFSTOPPED(status)) {
		kill(-forker, SIGCONT);
		return waitpid(forker, &status, 0) != forker || status != 0 ? 2 : 0;
	}
	kill(-forker, SIGKILL);
	return status == sig ? 0 : 3;
}

static bool is_pending(int sig)
{
	uint64_t set = 0;
	gate2(SYS_rt_sigpending, &set, 8);
	return set >> (sig - 1) & 1;
}

/* The child is thrown away before the parent has stopped, if it has been made by then. */
static int stops_at_exec(void)
{
	int status;
	limit_ms = 500;
	pid_t forker = fork();
	if (forker == 0) {
		setpgid(0, 0);
		pid_t pid = fork_lean(LEAN_EAGER);
		if (pid == 0) {
			while (lean_is_child() && !is_pending(SIGTSTP))
				;
			exec_exit(4);
		}
		_exit(status_of(pid) == 4 << 8 ? 0 : 1);
	}
	setpgid(forker, forker);
	usleep(100000);
	kill(-forker, SIGTSTP);
	if (waitpid(forker, &status, WUNTRACED) != forker || !WIFSTOPPED(status))
		return 1;
	usleep(100000);
	kill(-forker, SIGCONT);
	return waitpid(forker, &status, 0) == forker && status == 0 ? 0 : 2;
}

static void a_job_that_is_stopped_and_goes_on(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		in_own_process(stops_at_exec);
}

static int signals_come_meanwhile(void)
{
	static const int signals[] = {SIGTSTP, SIGSTOP, SIGTTIN, SIGTERM, SIGINT, SIGUSR1};
	lean_one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGINT, SIG_DFL);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		if (is_interrupted(LEAN_RESCUE, signals[i]))
			return 1;
		if (is_interrupted(LEAN_EAGER, signals[i]))
			return 2;
	}
	return 0;
}

static void signals_that_stop_or_end(void **state)
{
	(void)state;
	in_own_process(signals_come_meanwhile);
}

/* Somebody who knows its number only from /proc. */
static int only_the_child_is_stopped(void)
{
	int status;
	lean_one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t other = fork();
	if (other == 0) {
		kill(wait_for_lean_one(), SIGSTOP);
		_exit(0);
	}
	pid_t pid = fork_lean(LEAN_RESCUE);
	if (pid == 0)
		be_lean_for(500);
	status_of(other);
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		return 1;
	kill(pid, SIGCONT);
	return status_of(pid) == 4 << 8 ? 0 : 2;
}

static void a_child_that_somebody_stops(void **state)
{
	(void)state;
	in_own_process(only_the_child_is_stopped);
}

/* It makes no call, and nobody is there who would call it back. */
static int loses_its_parent(void)
{
	lean_one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t forker = fork();
	if (forker == 0) {
		if (fork_lean(LEAN_RESCUE) == 0) {
			*lean_one = getpid();
			for (;;)
				;
		}
		_exit(1);
	}
	pid_t pid = wait_for_lean_one();
	kill(forker, SIGKILL);
	int status = status_of(forker);
	return status == SIGKILL && status_of(pid) != -1 ? 0 : 1;
}

/* The program's own signal of that kind is kept. */
static int asks_for_a_death_signal(void)
{
	pid_t pid = fork_lean(LEAN_RESCUE);
	if (pid == 0) {
		int before = -1, after = -1;
		prctl(PR_GET_PDEATHSIG, &before);
		prctl(PR_SET_PDEATHSIG, SIGUSR2);
		prctl(PR_GET_PDEATHSIG, &after);
		bool lean = lean_is_child() && before == 0 && after == SIGUSR2;
		usleep(1); /* from here on it is ordinary */
		prctl(PR_GET_PDEATHSIG, &after);
		exec_exit(lean && after == SIGUSR2 ? 4 : 1);
	}
	return status_of(pid) == 4 << 8 ? 0 : 1;
}

static void a_parent_that_is_killed(void **state)
{
	(void)state;
	in_own_process(loses_its_parent);
	in_own_process(asks_for_a_death_signal);
}

#define LOOPS 4

/* Runnable all the time, but hardly ever running. */
static int starves(void)
{
	pid_t loops[LOOPS];
	patience_ms = 100;
	for (int i = 0; i < LOOPS; i++) {
		loops[i] = fork();
		if (loops[i] == 0)
			for (;;)
				;
	}
	pid_t pid = fork_lean(LEAN_EAGER);
	if (pid == 0) {
		if (setpriority(PRIO_PROCESS, 0, 19))
			exec_exit(1);
		spin_ms(CLOCK_MONOTONIC, 600);
		exec_exit(4);
	}
	for (int i = 0; i < LOOPS; i++)
		kill(loops[i], SIGKILL);
	if (status_of(pid) != 4 << 8)
		return 1;
	return last.outcome == LEAN_DONE ? 0 : 2;
}

static void a_machine_that_is_busy(void **state)
{
	(void)state;
	in_own_process(starves);
}

static long gate_prctl(long option, long a, const void *b)
{
	return gate5(SYS_prctl, option, a, b, 0, 0);
}

/* Behind lean fork's back: by then there is no memory for what is missing. */
static void refuse_memory(void)
{
	static const struct refusal refusals[] = {
		{SYS_mremap, ENOMEM, 0, 0},
		{SYS_mmap, ENOMEM, 3, MAP_FIXED_NOREPLACE},
	};
	refuse_calls_by(gate_prctl, refusals, 2);
}

static int is_given_more_time(void)
{
	limit_ms = 50;
	pid_t pid = fork_lean(LEAN_RESCUE);
	if (pid == 0) {
		refuse_memory();
		spin_ms(CLOCK_THREAD_CPUTIME_ID, 200);
		exec_exit(lean_is_child() && block[999] == block_byte(999) ? 4 : 1);
	}
	return status_of(pid) == 4 << 8 ? 0 : 1;
}

static int has_no_memory_and_no_end(void)
{
	limit_ms = 50;
	pid_t pid = fork_lean(LEAN_RESCUE);
	if (pid == 0) {
		refuse_memory();
		for (;;)
			;
	}
	if (pid != -1 || errno != ENOMEM || last.outcome != LEAN_FAILED)
		return 1;
	return waitpid(-1, NULL, __WALL) == -1 && errno == ECHILD ? 0 : 2;
}

static void no_memory_to_become_ordinary(void **state)
{
	(void)state;
	in_own_process(is_given_more_time);
	in_own_process(has_no_memory_and_no_end);
}

static volatile sig_atomic_t handled;

static void count(int sig)
{
	(void)sig;
	handled++;
}

static int signals_to_raise;

/* As when another process sends it in this moment. */
static pid_t signalled_fork(void)
{
	if (signals_to_raise-- > 0)
		kill(getpid(), SIGUSR1);
	return fork();
}

static int is_handled_first(enum lean_kind kind, int signals)
{
	struct lean_options options = {
		.kind = kind, .least_total = 1, .least_range = 65536, .libc_fork = signalled_fork};
	handled = 0;
	signals_to_raise = signals;
	pid_t pid = lean_fork(&options, &last);
	if (pid == 0)
		exec_exit(handled == 1 ? 4 : 5);
	return status_of(pid) == 4 << 8 && handled == 1 ? 0 : 1;
}

static int comes_before_the_clone(void)
{
	signal(SIGUSR1, count);
	return is_handled_first(LEAN_EAGER, 1) || is_handled_first(LEAN_RESCUE, 1);
}

static void a_signal_before_the_clone(void **state)
{
	(void)state;
	in_own_process(comes_before_the_clone);
}

static int has_sigsys_pending(void)
{
	static const enum lean_kind kinds[] = {LEAN_RESCUE, LEAN_EAGER};
	sigset_t set;
	signal(SIGSYS, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGSYS);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork_lean(kinds[i]);
		if (pid == 0) {
			sigprocmask(SIG_UNBLOCK, &set, NULL);
			exec_exit(4);
		}
		sigset_t pending;
		sigpending(&pending);
		if (status_of(pid) != 4 << 8 || last.outcome != LEAN_DONE ||
			!sigismember(&pending, SIGSYS))
			return 1 + i;
	}
	return 0;
}

static void a_sigsys_that_is_pending(void **state)
{
	(void)state;
	in_own_process(has_sigsys_pending);
}

static int makes_a_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	pid_t pid = fork_lean(LEAN_RESCUE);
	if (pid == 0) {
		int id = -1;
		long r = syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);
		exec_exit(r == 0 && id == 0 ? 4 : 1);
	}
	return status_of(pid) == 4 << 8 ? 0 : 1;
}

static void the_first_timer_has_number_0(void **state)
{
	(void)state;
	in_own_process(makes_a_timer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_terminal_that_is_full),
		TEST(the_rest_of_a_message),
		TEST(a_number_that_is_used_again),
		TEST(signals_that_stop_or_end),
		TEST(a_job_that_is_stopped_and_goes_on),
		TEST(a_child_that_somebody_stops),
		TEST(a_parent_that_is_killed),
		TEST(a_machine_that_is_busy),
		TEST(no_memory_to_become_ordinary),
		TEST(a_signal_before_the_clone),
		TEST(a_sigsys_that_is_pending),
		TEST(the_first_timer_has_number_0),
	};
	return cmocka_run_group_tests(tests, block_setup, block_teardown) != 0;
}
