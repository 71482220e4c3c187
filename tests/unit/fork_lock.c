/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leak.h"
#include "base/fork_lock.h"

static struct fork_lock lock;
static atomic_int turns;
static int inside, most_inside, sum;

static void *take_turns(void *arg)
{
	sigset_t mask;
	(void)arg;
	for (int i = 0; i < 2000; i++) {
		ss__fork_lock_take(&lock, &mask);
		if (++inside > most_inside)
			most_inside = inside;
		if (i % 16 == 0)
			sched_yield();
		sum++;
		inside--;
		ss__fork_lock_leave(&lock, &mask);
	}
	return NULL;
}

static void one_at_a_time(void **state)
{
	pthread_t threads[8];
	(void)state;
	sum = most_inside = 0;
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_turns, NULL), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(sum, 8 * 2000);
	assert_int_equal(most_inside, 1);
	assert_int_equal(lock.word, 0);
}

static void signals_are_blocked_meanwhile(void **state)
{
	sigset_t before, mask, during;
	(void)state;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	ss__fork_lock_take(&lock, &mask);
	pthread_sigmask(SIG_SETMASK, NULL, &during);
	ss__fork_lock_leave(&lock, &mask);
	assert_int_equal(sigismember(&during, SIGALRM), 1);
	assert_int_equal(sigismember(&during, SIGTERM), 1);
	assert_memory_equal(&mask, &before, sizeof(unsigned long));
}

static void *hold(void *arg)
{
	sigset_t mask;
	(void)arg;
	ss__fork_lock_take(&lock, &mask);
	turns = 1;
	while (turns == 1)
		sched_yield();
	ss__fork_lock_leave(&lock, &mask);
	return NULL;
}

/* One that waits for the lock has all signals blocked. */
static int status_of(pid_t pid)
{
	int status = -1;
	for (int ms = 0; waitpid(pid, &status, WNOHANG) == 0; ms++) {
		if (ms == 10000)
			kill(pid, SIGKILL);
		usleep(1000);
	}
	return status;
}

/* Even if a thread waits for the lock; the child has no such thread. */
static void a_forked_child_takes_over(bool waited)
{
	pthread_t holder, waiter;
	sigset_t mask;
	turns = 0;
	assert_int_equal(pthread_create(&holder, NULL, hold, NULL), 0);
	while (turns == 0)
		sched_yield();
	if (waited) {
		unsigned free_of_waiters = lock.word;
		assert_int_equal(pthread_create(&waiter, NULL, take_turns, NULL), 0);
		while (lock.word == free_of_waiters)
			sched_yield();
	}
	pid_t pid = fork();
	if (pid == 0) {
		ss__fork_lock_take(&lock, &mask);
		ss__fork_lock_leave(&lock, &mask);
		ss__fork_lock_take(&lock, &mask);
		ss__fork_lock_leave(&lock, &mask);
		_exit(lock.word != 0);
	}
	int status = status_of(pid);
	turns = 2;
	pthread_join(holder, NULL);
	if (waited)
		pthread_join(waiter, NULL);
	assert_int_equal(status, 0);
	assert_int_equal(lock.word, 0);
}

static void left_locked_by_another_thread(void **state)
{
	(void)state;
	a_forked_child_takes_over(false);
}

static void left_locked_and_waited_for(void **state)
{
	(void)state;
	a_forked_child_takes_over(true);
}

/* The first process of a pid namespace, one thread of which has the lock. */
_Noreturn static void fork_into_another_namespace(void)
{
	pthread_t holder;
	sigset_t mask;
	turns = 0;
	if (pthread_create(&holder, NULL, hold, NULL) != 0)
		_exit(2);
	while (turns == 0)
		sched_yield();
	if (unshare(CLONE_NEWPID) < 0)
		_exit(3);
	pid_t pid = fork();
	if (pid == 0) {
		ss__fork_lock_take(&lock, &mask);
		ss__fork_lock_leave(&lock, &mask);
		_exit(getpid() != 1);
	}
	_exit(status_of(pid) != 0);
}

/* Its first process has the number that its parent's has. */
static void left_locked_in_another_pid_namespace(void **state)
{
	(void)state;
	skip_in_valgrind("has a status of its own for a process that ends with a thread's stack");
	pid_t pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWPID) < 0)
			_exit(77);
		pid = fork();
		if (pid == 0)
			fork_into_another_namespace();
		_exit(status_of(pid) != 0);
	}
	int status = status_of(pid);
	assert_passed(status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_at_a_time),
		TEST(signals_are_blocked_meanwhile),
		TEST(left_locked_by_another_thread),
		TEST(left_locked_and_waited_for),
		TEST(left_locked_in_another_pid_namespace),
	};
	return RUN_TESTS(tests);
}
