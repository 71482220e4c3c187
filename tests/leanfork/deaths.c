/* SPDX-License-Identifier: MIT */
/*
 * Children are killed at any moment from the outside: what fork returns is a child of which the
 * parent can say how it ended, and nothing hangs or is left over.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forking.h"

#define ROUNDS 300

static atomic_bool stop;
static char children_path[64];

/* Whatever children the forking thread has: lean ones too. */
static void *killer(void *arg)
{
	unsigned seed = 1;
	(void)arg;
	while (!atomic_load(&stop)) {
		int pid;
		FILE *f = fopen(children_path, "re");
		if (f && fscanf(f, "%d", &pid) == 1 && rand_r(&seed) % 2)
			kill(pid, SIGKILL);
		if (f)
			fclose(f);
		usleep(rand_r(&seed) % 900);
	}
	return NULL;
}

static int touches(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < BLOCK_SIZE; i += 4096 * 31)
		if (block[i] != block_byte(i))
			return 1;
	return 20;
}

static void killed_at_any_moment(void **state)
{
	static const enum lean_kind kinds[] = {LEAN_EAGER, LEAN_RESCUE};
	pthread_t thread;
	int killed = 0, strange = 0;
	(void)state;
	snprintf(children_path, sizeof children_path, "/proc/self/task/%d/children", (int)gettid());
	if (access(children_path, R_OK) != 0)
		skip();
	assert_int_equal(pthread_create(&thread, NULL, killer, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		int status = run_lean(kinds[i % 2], touches, NULL);
		bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		killed += was_killed;
		strange += !was_killed && status != 20 << 8;
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	print_message("%d of %d were killed\n", killed, ROUNDS);
	assert_int_equal(strange, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(killed_at_any_moment),
	};
	return RUN_TESTS_WITH(tests, block_setup, block_teardown);
}
