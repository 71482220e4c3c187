/* SPDX-License-Identifier: MIT */
/*
 * A caller is not parked while its child takes long to start (rules 27 to 34). The child waits at a
 * FIFO that nobody writes to.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "temp_dir.h"

static struct temp_dir dir;
static char fifo[PATH_MAX];

static void make_fifo(void)
{
	needs_clone();
	needs_shared_memory();
	temp_dir_make(&dir);
	temp_dir_path(&dir, "fifo", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
}

/* Whoever waits for the other end may go on. */
static void open_fifo(void)
{
	int fd = open(fifo, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	assert_true(fd >= 0);
	close(fd);
}

/* A bound for the test, not a measure of anything. */
enum { SOON_S = 30 };

static int in_subject(void (*subject)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		alarm(patience(SOON_S));
		subject();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int spawn_what_waits(int timeout_ms, struct ss_failure *failure)
{
	struct ss_child child;
	return ss_spawn(&child, ARGV(victim("NOTHING")),
		SS_OPTIONS(.in = SS_READ(fifo), .out = SS_PIPE, .err = SS_PIPE,
			.start_timeout_ms = timeout_ms, .failure = failure));
}

static void run_nothing(void)
{
	assert_int_equal(run_to_end(ARGV(victim("NOTHING")), OPTIONS(.flags = 0)), 0);
}

/* Sends a signal again and again until stopped: one is sure to come during the wait. */
static void signal_often(int every_ms)
{
	const suseconds_t us = every_ms * 1000;
	const struct itimerval often = {{0, us}, {0, us}};
	setitimer(ITIMER_REAL, &often, NULL);
}

static void handle_alarm(void (*handler)(int), int flags)
{
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = handler, .sa_flags = flags}, NULL);
}

/* ---- Time limit ------------------------------------------------------------------------------- */

static void a_start_that_takes_too_long_is_given_up(void **unused)
{
	(void)unused;
	struct ss_failure failure = {0};
	make_fifo();
	for (int i = 0; i < 20; i++) {
		assert_int_equal(spawn_what_waits(5, &failure), -1);
		assert_int_equal(errno, ETIMEDOUT);
		assert_int_equal(failure.error, ETIMEDOUT);
		/* Where it was: a loaded machine may not have come that far. */
		assert_true(failure.stage == SS_STAGE_STDIO || failure.stage == SS_STAGE_FDS ||
			    failure.stage == SS_STAGE_CLONE);
	}
	run_nothing();
	temp_dir_remove(&dir);
}

static void a_limit_that_is_kept_does_no_harm(void **unused)
{
	(void)unused;
	needs_clone();
	assert_int_equal(
		run_to_end(ARGV(victim("NOTHING")), OPTIONS(.start_timeout_ms = 60000)), 0);
	assert_fails(
		ARGV("/nonexistent"), OPTIONS(.start_timeout_ms = 60000), SS_STAGE_EXEC, ENOENT);
	assert_fails(ARGV("true"), OPTIONS(.start_timeout_ms = -1), SS_STAGE_OPTIONS, EINVAL);
}

/* The only child of this process. */
static pid_t only_child(void)
{
	char text[64];
	int pid = 0;
	for (int i = 0; pid <= 0 && i < 10000; i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -1;
		read_all(fd, text, sizeof text);
		close(fd);
		pid = atoi(text);
		usleep(1000);
	}
	return pid;
}

static atomic_int stopped;

static void *stop_child(void *unused)
{
	(void)unused;
	pid_t pid = only_child();
	stopped = pid > 0 && kill(pid, SIGSTOP) == 0;
	return NULL;
}

static void a_child_that_is_stopped_is_given_up(void **unused)
{
	(void)unused;
	pthread_t thread;
	make_fifo();
	assert_int_equal(pthread_create(&thread, NULL, stop_child, NULL), 0);
	assert_int_equal(spawn_what_waits(300, NULL), -1);
	assert_int_equal(errno, ETIMEDOUT);
	pthread_join(thread, NULL);
	temp_dir_remove(&dir);
	if (!stopped)
		skip();
}

/* ---- Signals ---------------------------------------------------------------------------------- */

static void wait_to_be_killed(void)
{
	handle_alarm(SIG_DFL, 0);
	signal_often(20);
	spawn_what_waits(0, NULL);
}

static void a_signal_ends_a_caller_that_waits(void **unused)
{
	(void)unused;
	make_fifo();
	int status = in_subject(wait_to_be_killed);
	open_fifo();
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	temp_dir_remove(&dir);
}

static volatile sig_atomic_t handled;

/* Spawns and forks in a handler work, and the handler has the caller's mask. */
static void spawn_and_fork(int sig)
{
	sigset_t mask;
	int status;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	sigdelset(&mask, sig);
	for (int other = 1; other < 32; other++)
		if (sigismember(&mask, other))
			_exit(2);
	run_nothing();
	pid_t pid = fork();
	if (pid == 0) {
		run_nothing();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		_exit(3);
	if (++handled == 3)
		open_fifo();
}

static void handle_while_waiting(void)
{
	struct ss_child child;
	handle_alarm(spawn_and_fork, SA_RESTART);
	signal_often(20);
	if (ss_spawn(&child, ARGV(victim("NOTHING")), SS_OPTIONS(.in = SS_READ(fifo))))
		_exit(4);
	signal_often(0);
	if (handled < 3 || ss_wait(&child, NULL, -1))
		_exit(5);
}

static void handlers_run_while_the_caller_waits(void **unused)
{
	(void)unused;
	make_fifo();
	assert_int_equal(in_subject(handle_while_waiting), 0);
	temp_dir_remove(&dir);
}

static bool in_forked;

static void fork_and_return(int sig)
{
	(void)sig;
	int status;
	if (in_forked || handled++)
		return;
	pid_t pid = fork();
	in_forked = pid == 0;
	if (in_forked)
		return;
	if (waitpid(pid, &status, 0) != pid || status)
		_exit(3);
	open_fifo();
}

/* The process that the handler forks has no child to wait for, and can spawn. */
static void fork_and_return_while_waiting(void)
{
	struct ss_child child;
	usleep(1000);
	handle_alarm(fork_and_return, SA_RESTART);
	signal_often(20);
	int result = ss_spawn(&child, ARGV(victim("NOTHING")), SS_OPTIONS(.in = SS_READ(fifo)));
	if (in_forked) {
		if (result != -1 || errno != ECHILD)
			_exit(6);
		run_nothing();
		return;
	}
	if (result || ss_wait(&child, NULL, -1))
		_exit(5);
	run_nothing();
}

static void a_forked_process_does_not_wait_for_it(void **unused)
{
	(void)unused;
	make_fifo();
	assert_int_equal(in_subject(fork_and_return_while_waiting), 0);
	temp_dir_remove(&dir);
}

/* ---- Leaving ---------------------------------------------------------------------------------- */

static sigjmp_buf back;

static void leave(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static bool spawn_and_leave(void)
{
	signal_often(0);
	if (sigsetjmp(back, 1))
		return true;
	handle_alarm(leave, 0);
	signal_often(10);
	spawn_what_waits(0, NULL);
	return false;
}

static int open_descriptors(void)
{
	int n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Each leaves a pidfd and four ends of pipes, which later spawns close. */
static void leave_and_go_on(void)
{
	enum { TIMES = 10 };
	int before = open_descriptors();
	run_nothing();
	for (int i = 0; i < TIMES; i++)
		if (!spawn_and_leave())
			_exit(2);
	signal_often(0);
	for (int i = 0; i < TIMES; i++) {
		open_fifo();
		usleep(1000);
	}
	while (waitpid(-1, NULL, WNOHANG) >= 0)
		open_fifo();
	for (int i = 0; i < 64; i++)
		run_nothing();
	if (open_descriptors() != before)
		_exit(3);
}

static void assert_nothing_stays(void (*subject)(void))
{
	make_fifo();
	assert_int_equal(in_subject(subject), 0);
	temp_dir_remove(&dir);
}

static void a_handler_may_leave_by_siglongjmp(void **unused)
{
	(void)unused;
	assert_nothing_stays(leave_and_go_on);
}

static pthread_t spawning;
static atomic_int round_number;
static volatile sig_atomic_t came, in_spawn;

static void leave_at_the_second(int sig)
{
	(void)sig;
	if (in_spawn && ++came == 2)
		siglongjmp(back, 1);
}

/* Two close together in each round, later and later after the first. More, if these came too early. */
static void *send_two(void *unused)
{
	for (int round = 1, last = 0; round >= 0; round = round_number) {
		if (round == last) {
			usleep(100);
			continue;
		}
		last = round;
		usleep(1000);
		pthread_kill(spawning, SIGUSR1);
		for (volatile int i = 0; i < round * 100; i++)
			;
		do {
			pthread_kill(spawning, SIGUSR1);
			usleep(2000);
		} while (in_spawn && round_number == round);
	}
	return unused;
}

static void spawn_until_left(void)
{
	struct ss_child child;
	if (!sigsetjmp(back, 1)) {
		came = 0;
		in_spawn = 1;
		round_number++;
		ss_spawn(&child, ARGV(victim("NOTHING")),
			SS_OPTIONS(.in = SS_READ(fifo), .flags = SS_NO_PIDFD));
	}
	in_spawn = 0;
}

/* A first signal makes the caller look whether its child waits in open. A second one ends this. */
static void leave_while_looking(void)
{
	pthread_t thread;
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = leave_at_the_second}, NULL);
	run_nothing();
	int before = open_descriptors();
	spawning = pthread_self();
	if (pthread_create(&thread, NULL, send_two, NULL))
		_exit(4);
	for (int i = 0; i < workload(400); i++) {
		spawn_until_left();
		while (waitpid(-1, NULL, WNOHANG) >= 0)
			open_fifo();
	}
	round_number = -1;
	pthread_join(thread, NULL);
	if (open_descriptors() != before)
		_exit(3);
}

static void a_handler_may_leave_at_the_second_signal(void **unused)
{
	(void)unused;
	assert_nothing_stays(leave_while_looking);
}

/* Then an end of a pipe has the number 0. */
static void leave_without_stdin(void)
{
	close(0);
	leave_and_go_on();
}

static void a_handler_may_leave_where_stdin_is_closed(void **unused)
{
	(void)unused;
	make_fifo();
	assert_int_equal(in_subject(leave_without_stdin), 0);
	temp_dir_remove(&dir);
}

/* The strings are gone before the child has needed them. */
static void leave_with_own_strings(void)
{
	char *const argv[] = {strdup(victim("NOTHING")), NULL};
	char *env[] = {strdup("A=1"), NULL};
	char *path = strdup(fifo), *cwd = strdup("/");
	struct ss_child child;
	int status;
	if (!sigsetjmp(back, 1)) {
		handle_alarm(leave, 0);
		signal_often(20);
		ss_spawn(&child, argv,
			SS_OPTIONS(.in = SS_READ(path), .env = env, .cwd = cwd,
				.flags = SS_SHELL_FALLBACK));
		_exit(2);
	}
	signal_often(0);
	memset(argv[0], 'x', strlen(argv[0]));
	memset(env[0], 'x', 3);
	memset(path, 'x', strlen(path));
	memset(cwd, 'x', 1);
	open_fifo();
	if (waitpid(-1, &status, 0) <= 0 || status)
		_exit(3);
}

static void what_was_given_may_go_when_it_is_left(void **unused)
{
	(void)unused;
	make_fifo();
	assert_int_equal(in_subject(leave_with_own_strings), 0);
	temp_dir_remove(&dir);
}

/* ---- fork in another thread ------------------------------------------------------------------- */

static atomic_bool done;

static void *spawn_until_done(void *unused)
{
	(void)unused;
	while (!done) {
		struct ss_child child;
		if (ss_spawn(&child, ARGV(victim("NOTHING")), NULL))
			_exit(4);
		ss_wait(&child, NULL, -1);
		ss_release(&child);
	}
	return NULL;
}

/* The exit status tells which step failed; standard error tells why. */
static int spawn_six(void)
{
	for (int k = 0; k < 6; k++) {
		struct ss_child child;
		int status = 0;
		if (ss_spawn(&child, ARGV(victim("NOTHING")), NULL)) {
			perror("ss_spawn in a forked process");
			return 7;
		}
		if (ss_wait(&child, &status, -1)) {
			perror("ss_wait in a forked process");
			return 8;
		}
		ss_release(&child);
		if (status)
			return 9;
	}
	return 0;
}

static void check_forked(pid_t pid)
{
	int status = 0;
	if (pid < 0) {
		perror("fork");
		_exit(6);
	}
	if (waitpid(pid, &status, 0) != pid)
		_exit(10);
	if (WIFSIGNALED(status))
		_exit(100 + WTERMSIG(status));
	if (status)
		_exit(WEXITSTATUS(status));
}

/* More children than the pool has blocks at first. */
static void fork_beside_spawns(void)
{
	enum { THREADS = 6 };
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, spawn_until_done, NULL))
			_exit(5);
	for (int i = 0, forks = workload(60); i < forks; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			alarm(patience(SOON_S));
			_exit(spawn_six());
		}
		check_forked(pid);
	}
	done = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void a_process_forked_at_any_moment_can_spawn(void **unused)
{
	(void)unused;
	needs_clone();
	needs_shared_memory();
	assert_int_equal(in_subject(fork_beside_spawns), 0);
}

/* ---- Process namespaces ----------------------------------------------------------------------- */

static void spawn_as_first_of_a_namespace(void)
{
	if (unshare(CLONE_NEWPID))
		_exit(77);
	run_nothing();
}

static void the_first_child_may_be_a_namespaces_first(void **unused)
{
	(void)unused;
	needs_clone();
	int status = in_subject(spawn_as_first_of_a_namespace);
	assert_passed(status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: before this process has spawned. */
		TEST(the_first_child_may_be_a_namespaces_first),
		TEST(a_start_that_takes_too_long_is_given_up),
		TEST(a_limit_that_is_kept_does_no_harm),
		TEST(a_child_that_is_stopped_is_given_up),
		TEST(a_signal_ends_a_caller_that_waits),
		TEST(handlers_run_while_the_caller_waits),
		TEST(a_forked_process_does_not_wait_for_it),
		TEST(a_handler_may_leave_by_siglongjmp),
		TEST(a_handler_may_leave_at_the_second_signal),
		TEST(a_handler_may_leave_where_stdin_is_closed),
		TEST(what_was_given_may_go_when_it_is_left),
		TEST(a_process_forked_at_any_moment_can_spawn),
	};
	return RUN_TESTS(tests);
}
