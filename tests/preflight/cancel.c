/* SPDX-License-Identifier: MIT */
/* A thread that is cancelled asynchronously while it looks leaves no descriptor open. */
#include <safespawn.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "leak.h"

static atomic_bool looking;

static void *look_for_ever(void *unused)
{
	struct ss_preflight report = {.size = sizeof report};
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	atomic_store(&looking, true);
	for (;;)
		ss_preflight(&report, 0);
	return unused;
}

static void cancel_once(long after_ns)
{
	pthread_t thread;
	struct timespec time = {.tv_nsec = after_ns};
	void *result;
	atomic_store(&looking, false);
	assert_int_equal(pthread_create(&thread, NULL, look_for_ever, NULL), 0);
	while (!atomic_load(&looking))
		sched_yield();
	nanosleep(&time, NULL);
	pthread_cancel(thread);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, PTHREAD_CANCELED);
}

/* The descriptors are counted by what every test is inside of. */
static void asynchronous_cancellation_leaks_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 500; i++)
		cancel_once(random() % 200000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asynchronous_cancellation_leaks_nothing),
	};
	return RUN_TESTS(tests);
}
