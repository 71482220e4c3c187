/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>

#include "leak.h"

static void fresh(struct ss_preflight *r)
{
	memset(r, 0x55, sizeof *r);
	r->size = sizeof *r;
}

static void about_oneself(void **state)
{
	(void)state;
	struct ss_preflight r;
	fresh(&r);
	errno = 77;
	assert_int_equal(ss_preflight(&r, 0), 0);
	assert_int_equal(errno, 77);
	assert_int_equal(r.size, sizeof r);
	assert_int_equal(r.pid, getpid());
	assert_between(r.overcommit, 0, 2);
	assert_true(r.charge_bytes > 0);
	assert_true(r.resident_bytes > 0);
	assert_true(r.page_table_bytes > 0);
	assert_true(r.estimated_ns > 0);
	assert_true(r.headroom_bytes > 0);
}

static void what_is_mapped_shows(void **state)
{
	(void)state;
	struct ss_preflight before, after;
	const size_t size = 64 << 20;
	fresh(&before);
	fresh(&after);
	assert_int_equal(ss_preflight(&before, 0), 0);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(ss_preflight(&after, 0), 0);
	munmap(p, size);
	assert_int_equal(after.charge_bytes - before.charge_bytes, size);
	if (after.mappings) {
		assert_true(after.largest_bytes >= size);
		assert_true(after.charged_mappings > 0);
		assert_true(after.charged_mappings <= after.mappings);
	}
}

static void by_pid_as_by_zero(void **state)
{
	(void)state;
	struct ss_preflight zero, pid;
	fresh(&zero);
	fresh(&pid);
	assert_int_equal(ss_preflight(&zero, 0), 0);
	assert_int_equal(ss_preflight(&pid, getpid()), 0);
	assert_int_equal(zero.pid, pid.pid);
	assert_int_equal(zero.charge_bytes, pid.charge_bytes);
	assert_int_equal(zero.verdict, pid.verdict);
}

static int same_by_pid_and_by_zero(void)
{
	struct ss_preflight zero, pid;
	fresh(&zero);
	fresh(&pid);
	if (ss_preflight(&zero, 0) || ss_preflight(&pid, getpid()))
		return 0;
	return zero.pid == getpid() && pid.pid == getpid() && pid.mappings == zero.mappings &&
	       pid.charge_bytes == zero.charge_bytes;
}

/* There /proc is still that of the namespace outside, in which its pid is another's. */
static void in_a_pid_namespace(void **state)
{
	(void)state;
	int status = 0;
	pid_t outer = fork();
	if (outer == 0) {
		if (unshare(CLONE_NEWPID))
			_exit(77);
		pid_t inner = fork();
		if (inner == 0)
			_exit(same_by_pid_and_by_zero() ? 0 : 1);
		waitpid(inner, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	waitpid(outer, &status, 0);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

/* Verdict and fork agree, before the first process of the namespace, with it, and after it. */
static int agree(enum ss_fork_verdict verdict, enum ss_cause cause)
{
	struct ss_preflight r;
	fresh(&r);
	if (ss_preflight(&r, 0) < 0 || r.verdict != verdict || r.cause != cause)
		return 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return verdict == SS_FORK_OK ? pid > 0 : pid < 0 && errno == ENOMEM;
}

static int with_a_namespace_for_children(void)
{
	struct ss_preflight r;
	fresh(&r);
	if (unshare(CLONE_NEWPID))
		return 77;
	if (ss_preflight(&r, 0) < 0 || r.verdict != SS_FORK_OK)
		return 1;
	pid_t first = fork();
	if (first == 0)
		for (;;)
			pause();
	if (!agree(SS_FORK_OK, SS_CAUSE_NONE))
		return 2;
	siginfo_t info;
	kill(first, SIGKILL);
	waitid(P_PID, (id_t)first, &info, WEXITED | WNOWAIT);
	if (!agree(SS_FORK_ENOMEM, SS_CAUSE_PID_NAMESPACE))
		return 3;
	waitpid(first, NULL, 0);
	return agree(SS_FORK_ENOMEM, SS_CAUSE_PID_NAMESPACE) ? 0 : 4;
}

static void a_namespace_without_its_first_process(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(with_a_namespace_for_children());
	assert_child_passes(pid);
}

static void *in_a_thread(void *to)
{
	return ss_preflight(to, 0) ? NULL : to;
}

static void in_a_thread_with_a_small_stack(void **state)
{
	(void)state;
	struct ss_preflight r;
	pthread_attr_t attr;
	pthread_t thread;
	void *result = NULL;
	fresh(&r);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32 << 10);
	assert_int_equal(pthread_create(&thread, &attr, in_a_thread, &r), 0);
	pthread_attr_destroy(&attr);
	pthread_join(thread, &result);
	assert_ptr_equal(result, &r);
	assert_int_equal(r.pid, getpid());
}

static void sizes_old_and_new(void **state)
{
	(void)state;
	struct {
		struct ss_preflight r;
		char tail[16];
	} newer;
	struct ss_preflight r;
	memset(&newer, 0x55, sizeof newer);
	newer.r.size = sizeof newer;
	assert_int_equal(ss_preflight(&newer.r, 0), 0);
	assert_int_equal(newer.r.size, sizeof newer);
	assert_int_equal(newer.tail[0] | newer.tail[15], 0);
	FILE *null = fopen("/dev/null", "we");
	assert_int_equal(ss_preflight_print(&newer.r, null), 0);
	fclose(null);
	assert_int_equal(ss_preflight(NULL, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ss_preflight_print(NULL, stderr), -1);
	assert_int_equal(errno, EINVAL);
	fresh(&r);
	r.size = 8;
	assert_int_equal(ss_preflight(&r, 0), -1);
	assert_int_equal(errno, EINVAL);
	r.size = SIZE_MAX;
	assert_int_equal(ss_preflight(&r, 0), -1);
	assert_int_equal(errno, E2BIG);
	r.size = 4097;
	assert_int_equal(ss_preflight(&r, 0), -1);
	assert_int_equal(errno, E2BIG);
	r.size = 8;
	assert_int_equal(ss_preflight_print(&r, stderr), -1);
	assert_int_equal(errno, EINVAL);
}

static void refused(pid_t pid, int error)
{
	struct ss_preflight r, same;
	fresh(&r);
	same = r;
	errno = 0;
	assert_int_equal(ss_preflight(&r, pid), -1);
	assert_int_equal(errno, error);
	assert_memory_equal(&r, &same, sizeof r);
}

static void who_is_not_there(void **state)
{
	(void)state;
	refused(-1, EINVAL);
	refused(0x7ffffff0, ESRCH);
	pid_t zombie = fork();
	if (zombie == 0)
		_exit(0);
	siginfo_t info;
	waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT);
	refused(zombie, ESRCH);
	waitpid(zombie, NULL, 0);
	refused(zombie, ESRCH);
}

static char first_thread_state(pid_t pid)
{
	char name[32], text[256] = "";
	snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	const char *end = n > 0 ? strrchr(text, ')') : NULL;
	return end ? end[2] : 0;
}

static void *stay(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void lose_the_first_thread(void)
{
	pthread_t thread;
	pthread_attr_t with_stack;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_attr_init(&with_stack);
	pthread_attr_setstacksize(&with_stack, 9 << 20);
	if (pthread_create(&thread, &with_stack, stay, NULL))
		_exit(1);
	syscall(SYS_exit, 0);
}

/* It lives, though the state of its first thread is that of a zombie. */
static void without_its_first_thread(void **state)
{
	(void)state;
	struct ss_preflight r;
	pid_t pid = fork();
	if (pid == 0)
		lose_the_first_thread();
	for (int i = 0; i < 5000 && first_thread_state(pid) != 'Z'; i++)
		usleep(1000);
	fresh(&r);
	int result = ss_preflight(&r, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(result, 0);
	assert_int_equal(r.pid, pid);
	assert_true(r.resident_bytes > 0);
	assert_true(r.charge_bytes > 8 << 20); /* the thread's stack is among it */
}

static void kernel_threads(void **state)
{
	(void)state;
	char name[16] = "";
	int fd = open("/proc/2/comm", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		name[0] = (char)(read(fd, name, 8) > 0 ? name[0] : '\0');
		close(fd);
	}
	if (strncmp(name, "kthreadd", 8) != 0)
		skip();
	refused(2, ENOTSUP);
}

/* A process that vanishes while it is being read gives an answer or ESRCH, never anything else. */
static void vanishing(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			usleep(100 * (unsigned)(i % 10));
			_exit(0);
		}
		for (;;) {
			struct ss_preflight r;
			fresh(&r);
			if (ss_preflight(&r, pid) == 0)
				continue;
			assert_int_equal(errno, ESRCH);
			break;
		}
		waitpid(pid, NULL, 0);
	}
}

static void *again_and_again(void *failed)
{
	struct ss_preflight r = {.size = sizeof r};
	for (;;) {
		if (ss_preflight(&r, 0))
			return failed;
		pthread_testcancel();
	}
}

/* Cancelled while a file is open, it would leave it open: the leak test finds that. */
static void cancelled(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		pthread_t thread;
		void *result;
		assert_int_equal(pthread_create(&thread, NULL, again_and_again, NULL), 0);
		usleep(200 + 37 * (unsigned)i);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		assert_ptr_equal(result, PTHREAD_CANCELED);
	}
}

/* Libc installs handlers of its own for the first thread and the first cancellation. */
static void warm_up(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, again_and_again, NULL);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}

int main(void)
{
	warm_up();
	const struct CMUnitTest tests[] = {
		TEST(about_oneself),
		TEST(what_is_mapped_shows),
		TEST(by_pid_as_by_zero),
		TEST(in_a_pid_namespace),
		TEST(a_namespace_without_its_first_process),
		TEST(in_a_thread_with_a_small_stack),
		TEST(sizes_old_and_new),
		TEST(who_is_not_there),
		TEST(without_its_first_thread),
		TEST(kernel_threads),
		TEST(vanishing),
		TEST(cancelled),
	};
	return RUN_TESTS(tests);
}
