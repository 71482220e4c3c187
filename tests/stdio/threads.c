/* SPDX-License-Identifier: MIT */
/*
 * Many threads at once. The first argument scales the number of calls; the quick suite runs as many
 * as take a second or two.
 */
#include <safespawn.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leak.h"

#define THREADS 16

static int scale = 1;

static void on_interrupt(int sig)
{
	(void)sig;
}

static void install(int sig, struct sigaction *old)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};

	sigaction(sig, &action, old);
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static int system_is_right(unsigned number)
{
	char command[64];

	snprintf(command, sizeof command, "exit %u", number % 256);
	return ss_system(command) == (int)(number % 256) << 8;
}

static int reading_is_right(unsigned number)
{
	char command[64];
	unsigned said = 0;

	snprintf(command, sizeof command, "echo %u; exit %u", number, number % 256);
	FILE *f = ss_popen(command, number % 2 ? "r" : "re");
	int ok = f && fscanf(f, "%u", &said) == 1 && said == number;
	return f && ss_pclose(f) == (int)(number % 256) << 8 && ok;
}

/* It ends only if no other command holds its input open. */
static int writing_is_right(unsigned number)
{
	FILE *f = ss_popen("read x; while read y; do :; done; exit $x", number % 2 ? "w" : "r+");

	if (!f)
		return 0;
	fprintf(f, "%u\n", number % 256);
	return ss_pclose(f) == (int)(number % 256) << 8;
}

struct caller {
	pthread_t thread;
	unsigned seed;
	int calls, wrong;
};

static void *call_anything(void *arg)
{
	static int (*const calls[])(unsigned) = {
		system_is_right, reading_is_right, writing_is_right};
	struct caller *caller = arg;

	for (int i = 0; i < caller->calls; i++) {
		unsigned number = next_random(&caller->seed);
		if (!calls[number % 3](next_random(&caller->seed)))
			caller->wrong++;
	}
	return NULL;
}

static int run_callers(struct caller *callers)
{
	int wrong = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&callers[i].thread, NULL, call_anything, &callers[i]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(callers[i].thread, NULL);
		wrong += callers[i].wrong;
	}
	return wrong;
}

static void sixteen_threads(void **state)
{
	struct caller callers[THREADS] = {0};
	struct sigaction old_int, old_quit;

	(void)state;
	install(SIGINT, &old_int);
	install(SIGQUIT, &old_quit);
	for (unsigned i = 0; i < THREADS; i++) {
		callers[i].seed = i;
		callers[i].calls = workload(20 * scale);
	}
	assert_int_equal(run_callers(callers), 0);

	struct sigaction after_int, after_quit;
	sigaction(SIGINT, &old_int, &after_int);
	sigaction(SIGQUIT, &old_quit, &after_quit);
	assert_ptr_equal(after_int.sa_handler, on_interrupt);
	assert_ptr_equal(after_quit.sa_handler, on_interrupt);
	assert_int_equal(after_int.sa_flags & SA_RESTART, SA_RESTART);
}

static atomic_int over;

static void *keep_calling(void *arg)
{
	struct caller *caller = arg;

	while (!over) {
		caller->calls = 1;
		call_anything(caller);
	}
	return NULL;
}

_Noreturn static void in_forked_child(void)
{
	struct sigaction interrupt;

	alarm(patience(20));
	int ok = system_is_right(3) && reading_is_right(4) && writing_is_right(5);
	sigaction(SIGINT, NULL, &interrupt);
	_exit(ok && interrupt.sa_handler == on_interrupt ? 0 : 1);
}

/* What another thread is in the middle of when the child is made must not matter to it. */
static void fork_beside_the_calls(void **state)
{
	struct caller callers[4] = {0};
	struct sigaction old;
	int status, wrong = 0;

	(void)state;
	install(SIGINT, &old);
	over = 0;
	for (unsigned i = 0; i < 4; i++) {
		callers[i].seed = i;
		pthread_create(&callers[i].thread, NULL, keep_calling, &callers[i]);
	}
	for (int i = 0; i < workload(30 * scale); i++) {
		pid_t pid = fork();
		if (pid == 0)
			in_forked_child();
		wrong += waitpid(pid, &status, 0) != pid || status != 0;
	}
	over = 1;
	for (int i = 0; i < 4; i++) {
		pthread_join(callers[i].thread, NULL);
		wrong += callers[i].wrong;
	}
	sigaction(SIGINT, &old, NULL);
	assert_int_equal(wrong, 0);
}

static void *call_until_cancelled(void *arg)
{
	const int *how = arg;

	pthread_setcanceltype(*how, NULL);
	while (ss_system("exec sleep 0.002") == 0)
		;
	return NULL;
}

/* A killed child that takes long to end on a busy machine is reaped by the next call. */
static void assert_no_child_is_left(void)
{
	siginfo_t info;

	if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0)
		ss_system(":");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Wherever it hits: no child is left, and the dispositions are as before. TEST looks. */
static void cancelled_at_any_moment(int type, int times)
{
	struct sigaction old_int, old_quit, after;
	unsigned seed = 1;
	void *result;

	install(SIGINT, &old_int);
	install(SIGQUIT, &old_quit);
	for (int i = 0; i < times; i++) {
		pthread_t thread;
		assert_int_equal(pthread_create(&thread, NULL, call_until_cancelled, &type), 0);
		usleep(next_random(&seed) % 4000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		assert_ptr_equal(result, PTHREAD_CANCELED);
		sigaction(SIGINT, NULL, &after);
		assert_ptr_equal(after.sa_handler, on_interrupt);
		assert_no_child_is_left();
	}
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGQUIT, &old_quit, NULL);
}

static void deferred_cancellation(void **state)
{
	(void)state;
	cancelled_at_any_moment(PTHREAD_CANCEL_DEFERRED, workload(50 * scale));
}

static void asynchronous_cancellation(void **state)
{
	(void)state;
	cancelled_at_any_moment(PTHREAD_CANCEL_ASYNCHRONOUS, workload(50 * scale));
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(sixteen_threads),
		TEST(fork_beside_the_calls),
		TEST(deferred_cancellation),
		TEST(asynchronous_cancellation),
	};

	if (argc > 1 && atoi(argv[1]) > 0)
		scale = atoi(argv[1]);
	return RUN_TESTS(tests);
}
