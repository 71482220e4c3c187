/* SPDX-License-Identifier: MIT */
/* Many threads fork at once, leanly and natively, while others allocate, map and write. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forking.h"

#define FORKERS 6
#define ROUNDS 30
#define OTHERS_STACK (12 * 4096)

static atomic_int bad, lean_ones;
static atomic_bool stop;

static int looks_fine(void)
{
	for (size_t i = 0; i < BLOCK_SIZE; i += 4096 * 61)
		if (block[i] != block_byte(i))
			return 0;
	return 1;
}

/* One in three is no child for exec, so that restarts take part. */
static int fork_once(int n, enum lean_kind kind)
{
	struct lean_options options = {.kind = kind,
		.least_total = 1,
		.least_range = 65536,
		.limit_ms = AMPLE_MS,
		.libc_fork = fork};
	struct lean_result result;
	int status = -1;
	pid_t pid = lean_fork(&options, &result);
	if (pid == 0) {
		int code = looks_fine() ? 20 : 1;
		if (n % 3 == 0)
			_exit(code);
		exec_exit(code);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	atomic_fetch_add(&lean_ones, result.outcome == LEAN_DONE);
	if (status != 20 << 8)
		print_error("kind %d: pid %d, status %#x, outcome %d, reason %d\n", (int)kind,
			(int)pid, (unsigned)status, (int)result.outcome, (int)result.reason);
	return status == 20 << 8;
}

static int fork_natively(void)
{
	int status = -1;
	pid_t pid = lean_native(fork);
	if (pid == 0)
		_exit(looks_fine() ? 20 : 1);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 20 << 8;
}

static void *forker(void *arg)
{
	int me = *(int *)arg;
	for (int n = 0; n < ROUNDS; n++) {
		int good = me == 0   ? fork_natively()
			   : me == 1 ? fork_once(n, LEAN_RESCUE)
				     : fork_once(n, LEAN_EAGER);
		atomic_fetch_add(&bad, !good);
	}
	return NULL;
}

static void *disturber(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop)) {
		size_t size = 300000;
		char *heap = malloc(size), *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
						   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (heap)
			memset(heap, 1, size);
		if (map != MAP_FAILED) {
			memset(map, 2, size);
			munmap(map, size);
		}
		free(heap);
		usleep(200);
	}
	return NULL;
}

static void forks_from_many_threads(void **state)
{
	pthread_t forkers[FORKERS], disturbers[2];
	int numbers[FORKERS];
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&disturbers[i], NULL, disturber, NULL), 0);
	for (int i = 0; i < FORKERS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&forkers[i], NULL, forker, &numbers[i]), 0);
	}
	for (int i = 0; i < FORKERS; i++)
		pthread_join(forkers[i], NULL);
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(disturbers[i], NULL);
	assert_int_equal(atomic_load(&bad), 0);
	assert_true(atomic_load(&lean_ones) > 0);
}

static void *brief(void *arg)
{
	usleep(200);
	return arg;
}

/* Without guards stacks lie next to each other, in one mapping. */
static void *maker(void *arg)
{
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setguardsize(&attr, 0);
	while (!atomic_load(&stop)) {
		pthread_t threads[4];
		int n = 0;
		for (int i = 0; i < 4; i++)
			n += pthread_create(&threads[n], &attr, brief, NULL) == 0;
		for (int i = 0; i < n; i++)
			pthread_join(threads[i], NULL);
	}
	pthread_attr_destroy(&attr);
	return arg;
}

static void exec_at_once(enum lean_kind kind)
{
	int status = -1;
	pid_t pid = fork_lean(kind);
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What libc's half of fork reads of other threads in the child is of the moment of the fork: it would
 * go round in lists that it never gets to the end of. */
static void threads_come_and_go(void **state)
{
	pthread_t makers[3];
	(void)state;
	atomic_store(&stop, false);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&makers[i], NULL, maker, NULL), 0);
	for (int i = 0; i < 300; i++) {
		exec_at_once(i % 3 ? LEAN_EAGER : LEAN_RESCUE);
		assert_int_not_equal(last.reason, LEAN_TIME);
		assert_int_not_equal(last.reason, LEAN_FAULT);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 3; i++)
		pthread_join(makers[i], NULL);
}

static int wait_status(pid_t pid)
{
	int status = -1;
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void *rescues(void *arg)
{
	struct lean_options options = {
		.kind = LEAN_RESCUE, .least_total = 1, .least_range = 65536, .libc_fork = fork};
	for (int i = 0; i < *(int *)arg; i++) {
		struct lean_result result;
		pid_t pid = lean_fork(&options, &result);
		if (pid == 0)
			exec_exit(looks_fine() ? 20 : 1);
		atomic_fetch_add(&bad, wait_status(pid) != 20 << 8 || result.outcome != LEAN_DONE);
	}
	return NULL;
}

static void *forks_natively_on_and_on(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop))
		fork_natively();
	return NULL;
}

/* A child made past the shim gets what an eager fork has not left out. A stack of this size, with
 * nothing beside it, is never left out. */
static void *small_stack(void)
{
	char *at =
		mmap(NULL, OTHERS_STACK + 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(at != MAP_FAILED);
	assert_int_equal(mprotect(at + 4096, OTHERS_STACK, PROT_READ | PROT_WRITE), 0);
	return at + 4096;
}

static pthread_t start_other(void *(*disturbing)(void *), void *stack)
{
	pthread_t thread;
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, OTHERS_STACK);
	assert_int_equal(pthread_create(&thread, &attr, disturbing, NULL), 0);
	pthread_attr_destroy(&attr);
	return thread;
}

static void run_all(size_t n, void *(*rescuer)(void *), int rounds, void *(*disturbing)(void *))
{
	pthread_t threads[64], others[4];
	void *stacks[4];
	atomic_store(&stop, false);
	atomic_store(&bad, 0);
	for (size_t i = 0; disturbing && i < 4; i++)
		others[i] = start_other(disturbing, stacks[i] = small_stack());
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, rescuer, &rounds), 0);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&stop, true);
	for (size_t i = 0; disturbing && i < 4; i++) {
		pthread_join(others[i], NULL);
		munmap((char *)stacks[i] - 4096, OTHERS_STACK + 2 * 4096);
	}
	assert_int_equal(atomic_load(&bad), 0);
}

static void a_crowd_of_rescues(void **state)
{
	(void)state;
	run_all(64, rescues, 3, NULL);
}

static void rescues_among_native_forks(void **state)
{
	(void)state;
	run_all(2, rescues, 30, forks_natively_on_and_on);
}

/* Libc's locks may be held by anybody in a child made past it. */
static pid_t plain_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* In a child made past the shim, whatever the other threads were doing at that moment. */
static bool can_fork_in_every_way(void)
{
	struct lean_options options = {.kind = LEAN_EAGER,
		.least_total = 1,
		.least_range = 65536,
		.libc_fork = plain_fork};
	struct lean_result result;
	pid_t pid = lean_native(plain_fork);
	if (pid == 0)
		_exit(20);
	if (wait_status(pid) != 20 << 8)
		return false;
	pid = lean_fork(&options, &result);
	if (pid == 0)
		execl("/bin/false", "false", (char *)NULL);
	return wait_status(pid) == 1 << 8 && result.reason != LEAN_BUSY &&
	       result.reason != LEAN_SIGSYS;
}

/* Nor does it act on a SIGSYS as a fork in progress would. */
static bool is_ended_by_sigsys(void)
{
	struct rlimit none = {0, 0};
	pid_t pid = plain_fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		syscall(SYS_kill, getpid(), SIGSYS);
		_exit(1);
	}
	return (wait_status(pid) & 0x7f) == SIGSYS;
}

static void *forks_past_the_shim(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop)) {
		pid_t pid = plain_fork();
		if (pid == 0)
			_exit(is_ended_by_sigsys() && can_fork_in_every_way() ? 20 : 1);
		atomic_fetch_add(&bad, wait_status(pid) != 20 << 8);
	}
	return NULL;
}

static void *eager_ones(void *arg)
{
	for (int i = 0; i < *(int *)arg; i++) {
		struct lean_options options = {.kind = LEAN_EAGER,
			.least_total = 1,
			.least_range = 65536,
			.libc_fork = fork};
		struct lean_result result;
		pid_t pid = lean_fork(&options, &result);
		if (pid == 0)
			exec_exit(20);
		atomic_fetch_add(&bad, wait_status(pid) != 20 << 8);
	}
	return NULL;
}

static void children_made_past_the_shim(void **state)
{
	(void)state;
	signal(SIGSYS, SIG_DFL);
	run_all(1, eager_ones, 100, forks_past_the_shim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(forks_from_many_threads),
		TEST(a_crowd_of_rescues),
		TEST(rescues_among_native_forks),
		TEST(children_made_past_the_shim),
		TEST(threads_come_and_go),
	};
	return RUN_TESTS_WITH(tests, block_setup, block_teardown);
}
