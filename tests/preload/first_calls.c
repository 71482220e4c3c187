/* SPDX-License-Identifier: MIT */
/*
 * first_calls [CALL]
 * Each of the shim's functions as the first one that a process calls. With CALL it is that process.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "leak.h"

static char *self;

static int status_of(pid_t pid)
{
	int status;
	if (pid == 0)
		_exit(7);
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static int call_system(void)
{
	return system("exit 7");
}

static int call_popen(void)
{
	FILE *stream = popen("exit 7", "r");
	return stream ? pclose(stream) : -1;
}

static int call_popen_and_fclose(void)
{
	FILE *stream = popen("exit 7", "r");
	return stream ? fclose(stream) : -1;
}

/* Only glibc says what this does: what fclose does. */
static int call_pclose(void)
{
#ifdef __GLIBC__
	FILE *file = fopen("/dev/null", "r");
	return pclose(file) == 0 ? 7 << 8 : -1;
#else
	return 7 << 8;
#endif
}

static int call_fclose(void)
{
	FILE *file = fopen("/dev/null", "r");
	return fclose(file) == 0 ? 7 << 8 : -1;
}

static int call_fork(void)
{
	return status_of(fork());
}

static int call_forkpty(void)
{
	int master;
	return status_of(forkpty(&master, NULL, NULL, NULL));
}

static volatile int handled;

static void on_signal(int sig)
{
	(void)sig;
	handled = status_of(fork());
}

static int call_fork_in_handler(void)
{
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	return handled;
}

static void *in_thread(void *status)
{
	*(int *)status = call_system();
	return NULL;
}

static int call_in_threads(void)
{
	pthread_t threads[8];
	int status[8], sum = 0;
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, in_thread, &status[i]);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		sum += status[i] != 7 << 8;
	}
	return sum ? -1 : 7 << 8;
}

static const struct {
	const char *name;
	int (*make)(void);
} calls[] = {
	{"system", call_system},
	{"popen", call_popen},
	{"popen_and_fclose", call_popen_and_fclose},
	{"pclose", call_pclose},
	{"fclose", call_fclose},
	{"fork", call_fork},
	{"forkpty", call_forkpty},
	{"fork_in_handler", call_fork_in_handler},
	{"in_threads", call_in_threads},
};

#define CALLS (sizeof calls / sizeof calls[0])

static int is_shimmed(void)
{
	Dl_info info;
	void *found = dlsym(RTLD_DEFAULT, "system");
	return found && dladdr(found, &info) && strstr(info.dli_fname, "safespawn_preload");
}

/* Not for the commands, whose libc may be another one. */
static int make(const char *name)
{
	unsetenv("LD_PRELOAD");
	for (size_t i = 0; i < CALLS; i++)
		if (!strcmp(calls[i].name, name))
			return calls[i].make() == 7 << 8 && is_shimmed() ? 7 : 1;
	return 2;
}

static void each_works(const char *change)
{
	static struct captured got;
	char preload[4096];
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", getenv("SHIM"));
	for (size_t i = 0; i < CALLS; i++) {
		const char *const argv[] = {self, calls[i].name, NULL};
		capture(&got, argv, CHANGES(preload, change));
		if (!WIFEXITED(got.status) || WEXITSTATUS(got.status) != 7)
			fail_msg("%s: status %#x, %s", calls[i].name, got.status, got.err);
	}
}

static void without_a_wish(void **state)
{
	(void)state;
	each_works("SAFESPAWN_FORK");
}

static void with_fork_libcs(void **state)
{
	(void)state;
	each_works("SAFESPAWN_FORK=off");
}

static void with_fork_lean(void **state)
{
	(void)state;
	each_works("SAFESPAWN_FORK=lean");
}

static void with_a_report(void **state)
{
	(void)state;
	each_works("SAFESPAWN_REPORT=/dev/null");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_wish),
		TEST(with_fork_libcs),
		TEST(with_fork_lean),
		TEST(with_a_report),
	};
	if (argc > 1)
		return make(argv[1]);
	self = argv[0];
	return RUN_TESTS(tests);
}
