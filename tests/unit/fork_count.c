/* SPDX-License-Identifier: MIT */
/* The count of those who hold a setting of the process changed. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "leak.h"
#include "base/fork_count.h"

/* As in fork_lock.c: somebody waits for the lock. */
#define WAITED 0x80000000U

static struct fork_count count;
static atomic_bool is_in;
static int restored;

static void nothing(void)
{
}

static void restore(void)
{
	restored++;
}

static void hold(void)
{
	sigset_t mask;
	ss__fork_count_lock(&count, nothing, nothing, &mask);
	count.holders++;
	ss__fork_lock_leave(&count.lock, &mask);
}

static void *go_in(void *unused)
{
	sigset_t mask;
	ss__fork_count_lock(&count, nothing, nothing, &mask);
	is_in = true;
	ss__fork_lock_leave(&count.lock, &mask);
	return unused;
}

static void only_one_changes_the_setting(void **unused)
{
	(void)unused;
	sigset_t mask, during;
	pthread_t thread;
	ss__fork_count_lock(&count, nothing, nothing, &mask);
	pthread_sigmask(SIG_SETMASK, NULL, &during);
	assert_int_equal(pthread_create(&thread, NULL, go_in, NULL), 0);
	while (!(atomic_load(&count.lock.word) & WAITED) && !is_in)
		sched_yield();
	bool was_in = is_in;
	ss__fork_lock_leave(&count.lock, &mask);
	pthread_join(thread, NULL);
	assert_false(was_in);
	assert_true(is_in);
	assert_int_equal(sigismember(&during, SIGTERM), 1);
}

static void the_last_one_restores_it(void **unused)
{
	(void)unused;
	restored = 0;
	hold();
	hold();
	const unsigned left = count.left;
	ss__fork_count_release(&count, restore);
	assert_int_equal(restored, 0);
	assert_int_equal(count.holders, 1);
	ss__fork_count_release(&count, restore);
	assert_int_equal(restored, 1);
	assert_int_equal(count.holders, 0);
	assert_int_equal(count.left, left + 2);
	assert_int_equal(count.lock.word, 0);
}

/* What a forked process finds, and what it has to do. */
static void a_child_restores_what_others_hold(void **unused)
{
	(void)unused;
	static const struct {
		unsigned holders, left_before, own;
		int restores;
	} cases[] = {
		{0, 5, 0, 0}, /* nobody held it */
		{1, 5, 0, 1}, /* another thread holds it */
		{0, 4, 0, 1}, /* its last holder left while fork copied the memory */
		{1, 5, 1, 0}, /* this thread holds it, and goes on in the child */
		{2, 5, 1, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fork_count in_child = {.holders = cases[i].holders, .left = 5};
		restored = 0;
		ss__fork_count_in_child(&in_child, cases[i].left_before, cases[i].own, restore);
		assert_int_equal(restored, cases[i].restores);
		assert_int_equal(in_child.holders, cases[i].own);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_one_changes_the_setting),
		TEST(the_last_one_restores_it),
		TEST(a_child_restores_what_others_hold),
	};
	return RUN_TESTS(tests);
}
