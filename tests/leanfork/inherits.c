/* SPDX-License-Identifier: MIT */
/* A native child inherits none of the descriptors that other threads' forks open for a moment. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forking.h"

#define OTHERS 3
#define ROUNDS 300

static atomic_bool stop;
static int first_free;

static pid_t fork_once(void)
{
	struct lean_options options = {
		.kind = LEAN_EAGER, .least_total = 1, .least_range = 65536, .libc_fork = fork};
	struct lean_result result;
	return lean_fork(&options, &result);
}

static int ended(pid_t pid)
{
	int status = -1;
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void *forker(void *arg)
{
	while (!atomic_load(&stop)) {
		pid_t pid = fork_once();
		if (pid == 0)
			exec_exit(0);
		ended(pid);
	}
	return arg;
}

/* What the shim asks before a fork. */
static void *asker(void *arg)
{
	while (!atomic_load(&stop)) {
		lean_refused();
		lean_estimate();
	}
	return arg;
}

static int inherits(void)
{
	pid_t pid = lean_native(fork);
	if (pid == 0)
		_exit(dup(0) == first_free ? 0 : 1);
	return ended(pid) != 0;
}

static void assert_inherits_nothing(void *(*other)(void *))
{
	pthread_t others[OTHERS];
	int bad = 0;
	first_free = dup(0);
	close(first_free);
	atomic_store(&stop, false);
	for (int i = 0; i < OTHERS; i++)
		assert_int_equal(pthread_create(&others[i], NULL, other, NULL), 0);
	for (int i = 0; i < ROUNDS; i++)
		bad += inherits();
	atomic_store(&stop, true);
	for (int i = 0; i < OTHERS; i++)
		pthread_join(others[i], NULL);
	assert_int_equal(bad, 0);
}

static void while_others_fork(void **state)
{
	(void)state;
	assert_inherits_nothing(forker);
}

static void while_others_ask(void **state)
{
	(void)state;
	assert_inherits_nothing(asker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(while_others_fork),
		TEST(while_others_ask),
	};
	return RUN_BLOCK_TESTS(tests);
}
