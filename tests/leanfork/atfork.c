/* SPDX-License-Identifier: MIT */
/*
 * What runs round libc's clone: handlers of pthread_atfork, another library's fork round libc's. They
 * are functions here that fork the way such a library does.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "forking.h"
#include "preload/leanfork/state.h"

static int exits_4(void *arg)
{
	(void)arg;
	return block[12345] == block_byte(12345) ? 4 : 1;
}

static pid_t fork_by(enum lean_kind kind, pid_t (*libc_fork)(void))
{
	struct lean_options options = {
		.kind = kind,
		.least_total = 1,
		.least_range = 65536,
		.limit_ms = AMPLE_MS,
		.libc_fork = libc_fork,
	};
	return lean_fork(&options, &last);
}

/* Returns the wait status, or -1 if fork failed. */
static int run_by(enum lean_kind kind, pid_t (*libc_fork)(void), int (*body)(void *arg))
{
	int status = -1;
	pid_t pid = fork_by(kind, libc_fork);
	if (pid == 0)
		exec_exit(body(NULL));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int handled;
static enum lean_reason handlers_reason;
static long handlers_fork_ms;

static void forks_too(int sig)
{
	struct lean_result before = last;
	long start = now_ms();
	(void)sig;
	handled = run_by(LEAN_EAGER, fork, exits_4);
	handlers_fork_ms = now_ms() - start;
	handlers_reason = last.reason;
	last = before;
}

/* As when a signal comes while libc is in the second half of its fork. */
static pid_t interrupted_fork(void)
{
	pid_t pid = fork();
	if (pid > 0)
		raise(SIGUSR1);
	return pid;
}

static void a_handler_forks_in_libcs_second_half(void **state)
{
	struct sigaction action = {.sa_handler = forks_too}, before;
	(void)state;
	sigaction(SIGUSR1, &action, &before);
	for (int i = 0; i < 2; i++) {
		handled = 0;
		assert_int_equal(run_by(LEAN_EAGER, interrupted_fork, exits_4), 4 << 8);
		assert_int_equal(last.outcome, LEAN_DONE);
		assert_int_equal(handled, 4 << 8);
		assert_int_equal(handlers_reason, LEAN_BUSY);
		assert_between(handlers_fork_ms, 0, 3000);
	}
	sigaction(SIGUSR1, &before, NULL);
}

static sigset_t mask_before;

/* As libc's own fork does in some versions. */
static pid_t blocking_fork(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask_before);
	pid_t pid = fork();
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	return pid;
}

static bool mask_is(const sigset_t *expected)
{
	sigset_t now;
	sigprocmask(SIG_SETMASK, NULL, &now);
	for (int sig = 1; sig < SIGRTMAX; sig++)
		if (sigismember(&now, sig) != sigismember(expected, sig))
			return false;
	return true;
}

static int has_its_mask(void *arg)
{
	(void)arg;
	return mask_is(&mask_before) ? 4 : 5;
}

static int has_its_mask_in_the_end(void *arg)
{
	usleep(1); /* not leanly */
	return has_its_mask(arg);
}

static void signals_blocked_for_the_clone_only(void **state)
{
	static const enum lean_kind kinds[] = {LEAN_EAGER, LEAN_RESCUE};
	sigset_t before;
	(void)state;
	sigprocmask(SIG_SETMASK, NULL, &before);
	for (int i = 0; i < 4; i++) {
		int (*body)(void *) = i < 2 ? has_its_mask : has_its_mask_in_the_end;
		int status = run_by(kinds[i % 2], blocking_fork, body);
		bool same = mask_is(&before);
		sigprocmask(SIG_SETMASK, &before, NULL);
		assert_true(same);
		assert_int_equal(status, 4 << 8);
		assert_int_equal(last.outcome, i == 2 ? LEAN_RESTARTED : LEAN_DONE);
	}
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t held, go_on;

static pid_t locking_fork(void)
{
	sem_post(&go_on);
	pthread_mutex_lock(&mutex);
	pid_t pid = fork();
	pthread_mutex_unlock(&mutex);
	return pid;
}

static void answers(int sig)
{
	(void)sig;
	sem_post(&held);
}

/* Holds what the fork wants until the forking thread has answered: as a collector stops the others,
 * and as setuid tells them. */
static void *asks_first(void *arg)
{
	pthread_t forking = *(pthread_t *)arg;
	pthread_mutex_lock(&mutex);
	sem_post(&held);
	sem_wait(&go_on);
	usleep(50000);
	pthread_kill(forking, SIGUSR1);
	while (sem_wait(&held) < 0)
		;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

/* Returns the milliseconds that the fork took. */
static long while_held(void *(*holder)(void *), enum lean_kind kind, int *status)
{
	pthread_t self = pthread_self(), thread;
	assert_int_equal(sem_init(&held, 0, 0), 0);
	assert_int_equal(sem_init(&go_on, 0, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, holder, &self), 0);
	while (sem_wait(&held) < 0)
		;
	long start = now_ms();
	*status = run_by(kind, locking_fork, exits_4);
	start = now_ms() - start;
	pthread_join(thread, NULL);
	return start;
}

static void who_holds_a_lock_waits_for_an_answer(void **state)
{
	static const enum lean_kind kinds[] = {LEAN_EAGER, LEAN_RESCUE};
	struct sigaction action = {.sa_handler = answers, .sa_flags = SA_RESTART}, before;
	int status;
	(void)state;
	sigaction(SIGUSR1, &action, &before);
	for (int i = 0; i < 2; i++) {
		assert_between(while_held(asks_first, kinds[i], &status), 0, 3000);
		assert_int_equal(status, 4 << 8);
		if (last.outcome != LEAN_DONE) { /* where the wait is no obstacle */
			assert_int_equal(last.outcome, LEAN_NATIVE);
			assert_int_equal(last.reason, LEAN_BUSY);
		}
	}
	sigaction(SIGUSR1, &before, NULL);
}

static void *forks_first(void *arg)
{
	struct lean_options options = {
		.kind = LEAN_EAGER, .least_total = 1, .least_range = 65536, .libc_fork = fork};
	struct lean_result result;
	(void)arg;
	pthread_mutex_lock(&mutex);
	sem_post(&held);
	sem_wait(&go_on);
	usleep(50000);
	pid_t pid = lean_fork(&options, &result);
	if (pid == 0)
		exec_exit(0);
	waitpid(pid, NULL, 0);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void who_holds_a_lock_forks(void **state)
{
	int status;
	(void)state;
	assert_between(while_held(forks_first, LEAN_EAGER, &status), 0, 900);
	assert_int_equal(status, 4 << 8);
}

static void *soon_lets_go(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&mutex);
	sem_post(&held);
	sem_wait(&go_on);
	usleep(200);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void who_holds_a_lock_soon_lets_go(void **state)
{
	int status, lean = 0;
	(void)state;
	for (int i = 0; i < 20 && !lean; i++) {
		while_held(soon_lets_go, LEAN_EAGER, &status);
		assert_int_equal(status, 4 << 8);
		lean = last.outcome == LEAN_DONE;
	}
	assert_true(lean);
}

/* Two refusals for want of memory, each after another thread has been in the way. */
static int refusals;

static pid_t hindered_fork(void)
{
	struct pollfd none = {.fd = -1};
	if (refusals-- <= 0)
		return fork();
	poll(&none, 1, 0);
	errno = ENOMEM;
	return -1;
}

static void a_rescue_is_tried_again(void **state)
{
	(void)state;
	needs_dispatch(); /* for a wait within libc's fork that is noticed */
	refusals = 2;
	assert_int_equal(run_by(LEAN_RESCUE, hindered_fork, exits_4), 4 << 8);
	assert_int_equal(last.outcome, LEAN_DONE);
	refusals = 1000;
	assert_int_equal(run_by(LEAN_RESCUE, hindered_fork, exits_4), -1);
	assert_int_equal(errno, ENOMEM);
	assert_between(refusals, 900, 999);
}

static stack_t new_stack;

static pid_t stack_changing_fork(void)
{
	sigaltstack(&new_stack, NULL);
	return fork();
}

static bool has_new_stack(void)
{
	stack_t now;
	return sigaltstack(NULL, &now) == 0 && now.ss_sp == new_stack.ss_sp && now.ss_flags == 0;
}

static int finds_new_stack(void *arg)
{
	(void)arg;
	return has_new_stack() ? 4 : 1;
}

static void an_alternate_stack_from_a_handler(void **state)
{
	static unsigned char bytes[2][65536];
	stack_t old = {.ss_sp = bytes[0], .ss_size = sizeof bytes[0]}, before;
	(void)state;
	new_stack = (stack_t){.ss_sp = bytes[1], .ss_size = sizeof bytes[1]};
	sigaltstack(&old, &before);
	assert_int_equal(run_by(LEAN_EAGER, stack_changing_fork, finds_new_stack), 4 << 8);
	assert_int_equal(last.outcome, LEAN_DONE);
	bool has_it = has_new_stack();
	if (before.ss_size == 0)
		before.ss_flags = SS_DISABLE;
	sigaltstack(&before, NULL);
	assert_true(has_it);
}

/* As a libc that leaves the list to the kernel, which forgets it. */
static pid_t plain_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static int has_no_robust_list(void *arg)
{
	void *head = arg;
	size_t size;
	usleep(1); /* from here on it is ordinary */
	return syscall(SYS_get_robust_list, 0, &head, &size) == 0 && !head ? 4 : 1;
}

static void a_libc_that_sets_no_robust_list(void **state)
{
	(void)state;
	needs_dispatch(); /* for a clone that is not libc's */
	assert_int_equal(run_by(LEAN_RESCUE, plain_fork, has_no_robust_list), 4 << 8);
	assert_int_equal(last.outcome, LEAN_DONE);
}

static int mailboxes;

/* The mailbox is the one mapping of its kind. */
static int count_mailboxes(void)
{
	char line[512];
	int n = 0;
	FILE *maps = fopen("/proc/self/maps", "re");
	while (fgets(line, sizeof line, maps)) {
		unsigned long start, end;
		assert_int_equal(sscanf(line, "%lx-%lx rw-s", &start, &end), 2);
		n += strstr(line, "rw-s") && end - start == sizeof(struct mailbox);
	}
	fclose(maps);
	return n;
}

static pid_t counting_fork(void)
{
	sem_post(&go_on);
	usleep(50000);
	mailboxes = count_mailboxes();
	return fork();
}

static void *forks_meanwhile(void *arg)
{
	struct lean_options options = {
		.kind = LEAN_EAGER, .least_total = 1, .least_range = 65536, .libc_fork = fork};
	struct lean_result result;
	(void)arg;
	sem_wait(&go_on);
	pid_t pid = lean_fork(&options, &result);
	if (pid == 0)
		exec_exit(0);
	waitpid(pid, NULL, 0);
	return NULL;
}

/* Whoever waits for another's fork has nothing yet that the other would find. */
static void one_mailbox_at_a_time(void **state)
{
	pthread_t thread;
	(void)state;
	assert_int_equal(sem_init(&go_on, 0, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, forks_meanwhile, NULL), 0);
	int status = run_by(LEAN_EAGER, counting_fork, exits_4);
	pthread_join(thread, NULL);
	assert_int_equal(status, 4 << 8);
	assert_int_equal(last.outcome, LEAN_DONE);
	assert_int_equal(mailboxes, 1);
	assert_int_equal(count_mailboxes(), 0);
}

/* As another thread may find it that has been interrupted since it looked for the fork in progress. */
static void a_fork_that_is_over_meanwhile(void **state)
{
	void *gone =
		mmap(NULL, 4 * sizeof *lean_active, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)state;
	assert_ptr_not_equal(gone, MAP_FAILED);
	lean_active = gone;
	bool child = lean_is_child();
	lean_active = NULL;
	munmap(gone, 4 * sizeof *lean_active);
	assert_false(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(signals_blocked_for_the_clone_only),
		TEST(a_handler_forks_in_libcs_second_half),
		TEST(who_holds_a_lock_waits_for_an_answer),
		TEST(who_holds_a_lock_forks),
		TEST(who_holds_a_lock_soon_lets_go),
		TEST(a_rescue_is_tried_again),
		TEST(an_alternate_stack_from_a_handler),
		TEST(a_libc_that_sets_no_robust_list),
		TEST(a_fork_that_is_over_meanwhile),
		TEST(one_mailbox_at_a_time),
	};
	return RUN_BLOCK_TESTS(tests);
}
