/* SPDX-License-Identifier: MIT */
/* A native child inherits none of the descriptors that other threads' forks open for a moment. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forking.h"

#define FORKERS 3
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

static int inherits(void)
{
	pid_t pid = lean_native(fork);
	if (pid == 0)
		_exit(dup(0) == first_free ? 0 : 1);
	return ended(pid) != 0;
}

static void a_native_child_of_another_thread(void **state)
{
	pthread_t forkers[FORKERS];
	int bad = 0;
	(void)state;
	first_free = dup(0);
	close(first_free);
	for (int i = 0; i < FORKERS; i++)
		assert_int_equal(pthread_create(&forkers[i], NULL, forker, NULL), 0);
	for (int i = 0; i < ROUNDS; i++)
		bad += inherits();
	atomic_store(&stop, true);
	for (int i = 0; i < FORKERS; i++)
		pthread_join(forkers[i], NULL);
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_native_child_of_another_thread),
	};
	return RUN_BLOCK_TESTS(tests);
}
