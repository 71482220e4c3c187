/* SPDX-License-Identifier: MIT */
/*
 * Many threads at once: no thread gets another's child or descriptor, and nothing is left.
 * Emulators that give a child a copy of the memory may hang when one thread of many forks: skipped
 * there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"

#ifndef SPAWNS_EACH
#define SPAWNS_EACH 130
#endif

enum { THREADS = 16 };

/* Assertions of cmocka are for the main thread only: the others count. */
static atomic_int wrong;

static void check(int right, const char *what)
{
	if (right)
		return;
	wrong++;
	fprintf(stderr, "wrong: %s (%s)\n", what, strerror(errno));
}

#define CHECK(expression) check(expression, #expression)

static void in_threads(int n, void *(*run)(void *), void *arg)
{
	pthread_t threads[THREADS];
	wrong = 0;
	for (int i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run, arg), 0);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(wrong, 0);
}

static bool is_text(int fd, const char *expected)
{
	char text[256];
	read_all(fd, text, sizeof text);
	return !strcmp(text, expected);
}

/* ---- Everybody gets what he asked for ------------------------------------------------------- */

/* The child says which one it is and which descriptors it has. */
static void spawn_one(int id)
{
	struct ss_child child;
	char name[16], expected[64];
	int status;
	snprintf(name, sizeof name, "%d", id);
	snprintf(expected, sizeof expected, "%d: 0 1 2 %d\n", id, 5 + id % 7);
	const struct ss_fd_map map = {0, 5 + id % 7};
	int result = ss_spawn(&child, ARGV(victim("ECHO_FDS"), name),
		SS_OPTIONS(.in = SS_NULL, .out = SS_PIPE, .fds = &map, .n_fds = 1));
	CHECK(result == 0);
	if (result)
		return;
	CHECK(is_text(child.out, expected));
	CHECK(ss_wait(&child, &status, -1) == 0 && status == 0);
	ss_release(&child);
}

static void fail_one(int id)
{
	struct ss_child child;
	struct ss_failure failure = {0};
	CHECK(ss_spawn(&child, ARGV("/nonexistent"),
		      SS_OPTIONS(.out = SS_PIPE, .cwd = id % 2 ? "/nowhere" : "/",
			      .failure = &failure)) < 0);
	CHECK(failure.stage == (id % 2 ? SS_STAGE_CWD : SS_STAGE_EXEC));
}

static void *spawn_many(void *next)
{
	for (int i = 0; i < workload(SPAWNS_EACH); i++) {
		int id = atomic_fetch_add((atomic_int *)next, 1);
		if (id % 8 == 7)
			fail_one(id);
		else
			spawn_one(id);
	}
	return NULL;
}

static void children_are_not_mixed_up(void **unused)
{
	(void)unused;
	needs_shared_memory();
	atomic_int next = 0;
	in_threads(THREADS, spawn_many, &next);
}

/* ---- Cancellation --------------------------------------------------------------------------- */

struct victim_thread {
	pthread_t thread;
	bool spawned; /* and not yet dealt with */
	struct ss_child child;
};

static void clean_up(void *arg)
{
	struct victim_thread *t = arg;
	if (!t->spawned)
		return;
	CHECK(ss_terminate(&t->child, NULL, 0) == 0);
	ss_release(&t->child);
}

/* Cancelled anywhere: a spawn either has not been, or has been and is in t->child. */
static void *spawn_for_ever(void *arg)
{
	struct victim_thread *t = arg;
	char *nothing = victim("NOTHING");
	pthread_cleanup_push(clean_up, t);
	for (;;) {
		CHECK(ss_spawn(&t->child, ARGV(nothing),
			      SS_OPTIONS(.in = SS_NULL, .out = SS_PIPE, .err = SS_PIPE)) == 0);
		t->spawned = true;
		while (ss_wait(&t->child, NULL, -1) < 0)
			CHECK(errno == EINTR);
		t->spawned = false;
		ss_release(&t->child);
	}
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancellation_leaves_nothing_behind(void **unused)
{
	(void)unused;
	needs_shared_memory();
	wrong = 0;
	for (int round = 0; round < workload(60); round++) {
		struct victim_thread threads[4] = {0};
		for (int i = 0; i < 4; i++)
			assert_int_equal(pthread_create(&threads[i].thread, NULL, spawn_for_ever,
						 &threads[i]),
				0);
		usleep((useconds_t)(random() % 4000));
		for (int i = 0; i < 4; i++)
			pthread_cancel(threads[i].thread);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i].thread, NULL);
	}
	assert_int_equal(wrong, 0);
}

/* The request is there beforehand, so that the first cancellation point takes it. */
static void *spawn_though_cancelled(void *arg)
{
	struct ss_child *child = arg;
	pthread_cancel(pthread_self());
	CHECK(ss_spawn(child, ARGV(victim("NOTHING")),
		      SS_OPTIONS(.in = SS_NULL, .out = SS_PIPE, .err = SS_WRITE("/dev/null"))) ==
		0);
	CHECK(ss_spawn(&(struct ss_child){0}, ARGV("/nonexistent"),
		      SS_OPTIONS(.in = SS_PIPE, .out = SS_NULL)) < 0);
	ss_release(child);
	child->own_group = -1;
	pthread_testcancel();
	return NULL;
}

static void spawn_and_release_are_no_cancellation_points(void **unused)
{
	(void)unused;
	needs_shared_memory();
	struct ss_child child = {0};
	pthread_t thread;
	void *result;
	wrong = 0;
	assert_int_equal(pthread_create(&thread, NULL, spawn_though_cancelled, &child), 0);
	pthread_join(thread, &result);
	assert_true(child.pid > 0);
	assert_int_equal(waitpid(child.pid, NULL, 0), child.pid);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_int_equal(child.own_group, -1);
	assert_int_equal(wrong, 0);
}

/* ---- Others that wait for our children ------------------------------------------------------ */

static atomic_bool done;

static void *reap_everything(void *unused)
{
	(void)unused;
	while (!done)
		if (waitpid(-1, NULL, WNOHANG) <= 0)
			sched_yield();
	return NULL;
}

/* A failed child may be reaped by them, a good one by them or by us. */
static void *spawn_among_reapers(void *next)
{
	for (int i = 0; i < workload(SPAWNS_EACH); i++) {
		struct ss_child child;
		struct ss_failure failure;
		fail_one(atomic_fetch_add((atomic_int *)next, 1));
		CHECK(ss_spawn(&child, ARGV("/etc/passwd"), SS_OPTIONS(.failure = &failure)) < 0);
		CHECK(failure.stage == SS_STAGE_EXEC && failure.error == EACCES);
		CHECK(ss_spawn(&child, ARGV(victim("NOTHING")), NULL) == 0);
		CHECK(ss_wait(&child, NULL, i % 2 ? -1 : 20000) == 0 || errno == ECHILD);
		ss_release(&child);
	}
	return NULL;
}

static void another_thread_may_wait_for_any_child(void **unused)
{
	(void)unused;
	needs_shared_memory();
	pthread_t reaper;
	atomic_int next = 0;
	done = false;
	assert_int_equal(pthread_create(&reaper, NULL, reap_everything, NULL), 0);
	in_threads(4, spawn_among_reapers, &next);
	done = true;
	pthread_join(reaper, NULL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void sigchld_may_be_ignored(void **unused)
{
	(void)unused;
	needs_shared_memory();
	atomic_int next = 0;
	struct sigaction old;
	sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_IGN}, &old);
	in_threads(4, spawn_among_reapers, &next);
	sigaction(SIGCHLD, &old, NULL);
}

static void reap_in_handler(int sig)
{
	(void)sig;
	int saved = errno;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static void *spawn_with_a_handler(void *unused)
{
	(void)unused;
	for (int i = 0; i < workload(SPAWNS_EACH); i++) {
		struct ss_child child;
		int result;
		CHECK(ss_spawn(&child, ARGV(victim("NOTHING")), NULL) == 0);
		do {
			result = ss_wait(&child, NULL, i % 2 ? -1 : 20000);
		} while (result < 0 && errno == EINTR);
		CHECK(result == 0 || errno == ECHILD);
		ss_release(&child);
	}
	return NULL;
}

static void sigchld_may_be_handled(void **unused)
{
	(void)unused;
	needs_shared_memory();
	struct sigaction old;
	sigaction(SIGCHLD, &(struct sigaction){.sa_handler = reap_in_handler}, &old);
	in_threads(4, spawn_with_a_handler, NULL);
	sigaction(SIGCHLD, &old, NULL);
}

/* ---- fork in another thread ----------------------------------------------------------------- */

static void *fork_for_ever(void *unused)
{
	(void)unused;
	while (!done) {
		int status;
		pid_t pid = fork();
		if (pid == 0)
			_exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1);
		CHECK(pid > 0);
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	return NULL;
}

static void *spawn_as_others(void *next)
{
	for (int i = 0; i < workload(SPAWNS_EACH / 2); i++) {
		struct ss_child child;
		uid_t uid = 1000 + (uid_t)atomic_fetch_add((atomic_int *)next, 1);
		int status;
		CHECK(ss_spawn(&child, ARGV("/bin/true"),
			      SS_OPTIONS(.flags = SS_SET_UID | SS_SET_GID, .uid = uid,
				      .gid = uid)) == 0);
		CHECK(ss_wait(&child, &status, -1) == 0 && status == 0);
		ss_release(&child);
	}
	return NULL;
}

static void forks_keep_the_dumpable_flag(void **unused)
{
	(void)unused;
	needs_shared_memory();
	needs_clone();
	pthread_t forker;
	atomic_int next = 0;
	if (geteuid() != 0)
		skip();
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
	done = false;
	assert_int_equal(pthread_create(&forker, NULL, fork_for_ever, NULL), 0);
	in_threads(4, spawn_as_others, &next);
	done = true;
	pthread_join(forker, NULL);
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
}

/* ---- The environment grows meanwhile -------------------------------------------------------- */

/* As setenv does in another thread: each is larger than the room that needs no mapping. */
static char shorter[12000], longer[60000];
static char *growing[] = {shorter, NULL};
static atomic_bool grown;

static void *grow_and_shrink(void *unused)
{
	for (unsigned n = 0; !grown; n++) {
		__atomic_store_n(growing, n % 2 ? longer : shorter, __ATOMIC_RELAXED);
		for (volatile unsigned i = n % 1000; i > 0; i--)
			;
	}
	return unused;
}

static void the_environment_may_grow_meanwhile(void **unused)
{
	(void)unused;
	pthread_t thread;
	int bad = 0;
#ifdef __SANITIZE_THREAD__
	skip(); /* it is a race, and the program's */
#endif
	memset(shorter, 'a', sizeof shorter - 1);
	memset(longer, 'a', sizeof longer - 1);
	grown = false;
	assert_int_equal(pthread_create(&thread, NULL, grow_and_shrink, NULL), 0);
	for (int i = 0; i < workload(SPAWNS_EACH); i++)
		bad += run_to_end(ARGV(victim("NOTHING")), OPTIONS(.env = growing)) != 0;
	grown = true;
	pthread_join(thread, NULL);
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(children_are_not_mixed_up),
		TEST(cancellation_leaves_nothing_behind),
		TEST(spawn_and_release_are_no_cancellation_points),
		TEST(another_thread_may_wait_for_any_child),
		TEST(sigchld_may_be_ignored),
		TEST(sigchld_may_be_handled),
		TEST(forks_keep_the_dumpable_flag),
		TEST(the_environment_may_grow_meanwhile),
	};
	return RUN_TESTS(tests);
}
