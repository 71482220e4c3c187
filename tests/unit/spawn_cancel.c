/* SPDX-License-Identifier: MIT */
/* A thread that is cancelled while its child takes long to start, where its caller has allowed that. */
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <safespawn.h>
#include "leak.h"
#include "process/spawn.h"
#include "temp_dir.h"

static char fifo[PATH_MAX];

static void *spawn_what_waits(void *unused)
{
	(void)unused;
	struct ss_child child;
	const char *const argv[] = {"cat", NULL};
	const struct spawn_extra extra = {.cancellable = true};
	ss__spawn_child(&child, (char *const *)(uintptr_t)argv,
		SS_OPTIONS(.in = SS_READ(fifo), .out = SS_PIPE), &extra);
	return NULL;
}

/* The leak check sees that neither a child nor a descriptor is left. */
static void a_cancelled_thread_leaves_nothing(void **unused)
{
	(void)unused;
	struct temp_dir dir;
	temp_dir_make(&dir);
	temp_dir_path(&dir, "fifo", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (int i = 0; i < 10; i++) {
		pthread_t thread;
		void *result;
		assert_int_equal(pthread_create(&thread, NULL, spawn_what_waits, NULL), 0);
		usleep((useconds_t)i * 3000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		assert_ptr_equal(result, PTHREAD_CANCELED);
	}
	temp_dir_remove(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_cancelled_thread_leaves_nothing),
	};
	return RUN_TESTS(tests);
}
