/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "handlers.h"
#include "record.h"

static void say_handled(const char *key, int sig)
{
	say(command_line("%s handled", key), "%d", (int)handled[sig]);
}

static void child_ignored(const struct lib *lib, int arg)
{
	(void)arg;
	on_signal(SIGCHLD, SIG_IGN, 0);
	say_all_ways(lib, "exit 3");
	say_system(lib, "NULL", NULL);
}

/* The same, for what is there before and after each call. */
static void child_handled(const struct lib *lib, int which)
{
	static const int flags[] = {
		0, SA_RESTART, SA_NOCLDWAIT, SA_NOCLDSTOP, SA_NOCLDWAIT | SA_RESTART, SA_RESETHAND};

	on_signal(SIGCHLD, count_signal, flags[which]);
	say_system(lib, "system", "exit 3");
	say_handled("system", SIGCHLD);
	FILE *f = said_popen(lib, "popen w", "cat; exit 4", "w");
	say_handled("popen", SIGCHLD);
	said_pclose(lib, "pclose", f);
	say_handled("pclose", SIGCHLD);
	say_process("after");
}

/* A command that ends before pclose is called is the handler's. */
static void child_reaped_by_handler(const struct lib *lib, int flags)
{
	on_signal(SIGCHLD, reap_all, flags ? SA_RESTART : 0);
	say_system(lib, "system", "exit 3");
	say_handled("system", SIGCHLD);
	handled[SIGCHLD] = 0;
	FILE *f = said_popen(lib, "popen", "exit 4", "w");
	while (!handled[SIGCHLD])
		usleep(100);
	said_pclose(lib, "pclose", f);
	say_process("after");
}

static void child_blocked(const struct lib *lib, int arg)
{
	sigset_t set;

	(void)arg;
	on_signal(SIGCHLD, count_signal, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	say_system(lib, "system", "exit 3");
	say_process("after system");
	say_popen(lib, "popen", "exit 4", "w");
	say_process("after popen");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	say_handled("at last", SIGCHLD);
}

static const int keys[] = {SIGINT, SIGQUIT, SIGTERM, SIGUSR1};

/* To the parent while it waits, and once more afterwards. */
static void parent_is_interrupted(const struct lib *lib, int which)
{
	int sig = keys[which];

	on_signal(sig, count_signal, SA_RESTART);
	const char *command = command_line("kill -%d $PPID; exit 3", sig);
	say_system(lib, "system", command);
	say_handled("system", sig);
	say_popen(lib, "popen r", command, "r");
	say_handled("popen r", sig);
	say_process("after");
	raise(sig);
	say_handled("afterwards", sig);
}

/* What kills the parent leaves a command that is still running. */
static void parent_is_interrupted_by_default(const struct lib *lib, int which)
{
	int sig = keys[which];
	const char *then = which < 2 ? "exit 3" : "exec sleep 1000";

	say_system(lib, "system", command_line("kill -%d $PPID; %s", sig, then));
	say_process("after");
	say_popen(lib, "popen", command_line("read x; kill -%d $PPID; exec sleep 1000", sig), "w");
	say_process("survived");
}

static void group_is_interrupted(const struct lib *lib, int which)
{
	int sig = keys[which];

	on_signal(sig, count_signal, SA_RESTART);
	say_system(lib, "dies", command_line("kill -%d 0; exit 3", sig));
	say_handled("dies", sig);
	say_system(lib, "lives", command_line("trap '' %d; kill -%d 0; exit 4", sig, sig));
	say_handled("lives", sig);
	say_popen(lib, "popen r", command_line("kill -%d 0; exit 3", sig), "r");
	say_handled("popen", sig);
	say_process("after");
}

static void interrupt_ignored_before(const struct lib *lib, int which)
{
	on_signal(keys[which], SIG_IGN, SA_RESTART | SA_NODEFER);
	say_seen_all_ways(lib);
	say_system(lib, "group", command_line("kill -%d 0; exit 3", keys[which]));
}

static void every_disposition(const struct lib *lib, int arg)
{
	(void)arg;
	for (int sig = 1; sig < 65; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != 32 && sig != 33 && sig != SIGCHLD)
			on_signal(sig,
				sig % 3   ? count_signal
				: sig % 2 ? SIG_IGN
					  : SIG_DFL,
				sig % 5 ? SA_RESTART : SA_NODEFER | SA_SIGINFO | SA_ONSTACK);
	say_seen_all_ways(lib);
}

/* By a raw call: libc does not let its own two signals be blocked. */
static void masks(const struct lib *lib, int which)
{
	static const uint64_t mask[] = {0, 1 << (SIGCHLD - 1), 0x8000020040000a00, ~UINT64_C(0),
		0x180000000, 1 << (SIGINT - 1)};

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask[which], NULL, 8);
	say_seen_all_ways(lib);
}

static void pending_before(const struct lib *lib, int which)
{
	int sig = keys[which];
	sigset_t set;

	on_signal(sig, count_signal, 0);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(sig);
	say_seen_all_ways(lib);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	say_handled("at last", sig);
}

static void storm(int on, int flags)
{
	struct itimerval timer = {{0, on ? 150 : 0}, {0, on ? 150 : 0}};

	on_signal(SIGALRM, count_signal, flags);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void interval_timer(const struct lib *lib, int restart)
{
	storm(1, restart ? SA_RESTART : 0);
	for (int i = 0; i < 6; i++) {
		say_system(lib, "system", "sleep 0.02; exit 3");
		FILE *f = said_popen(lib, "popen r", "exit 4", "r");
		said_pclose(lib, "pclose r", f);
		f = said_popen(lib, "popen w", "cat; sleep 0.02; exit 5", "w");
		said_pclose(lib, "pclose w", f);
	}
	storm(0, 0);
	say("stormy", "%d", handled[SIGALRM] > 20);
	on_signal(SIGALRM, SIG_DFL, 0);
	say_process("after");
}

static const struct lib *handler_lib;

static void run_in_handler(int sig)
{
	(void)sig;
	say_system(handler_lib, "inner", "exit 5");
}

static void system_in_a_handler_of_system(const struct lib *lib, int restart)
{
	handler_lib = lib;
	on_signal(SIGUSR1, run_in_handler, restart ? SA_RESTART : 0);
	on_signal(SIGINT, count_signal, 0);
	say_system(lib, "outer", "kill -USR1 $PPID; sleep 0.1; exit 3");
	say_process("after");
}

static void fork_in_handler(int sig)
{
	(void)sig;
	pid_t pid = fork();

	if (pid != 0)
		return;
	say_system(handler_lib, "in the child", "exit 6");
	say_process("in the child");
	_exit(0);
}

static void fork_in_a_handler_of_system(const struct lib *lib, int arg)
{
	(void)arg;
	handler_lib = lib;
	on_signal(SIGUSR1, fork_in_handler, SA_RESTART);
	say_system(lib, "in the parent", "kill -USR1 $PPID; sleep 0.2; exit 3");
	say_process("in the parent");
}

const struct test_case signal_cases[] = {
	CASE(child_ignored),
	CASES(child_handled, 0, 5),
	CASES(child_reaped_by_handler, 0, 1),
	CASE(child_blocked),
	CASES(parent_is_interrupted, 0, 3),
	CASES(parent_is_interrupted_by_default, 0, 3),
	CASES(group_is_interrupted, 0, 3),
	CASES(interrupt_ignored_before, 0, 3),
	CASE(every_disposition),
	CASES(masks, 0, 5),
	CASES(pending_before, 0, 3),
	CASES(interval_timer, 0, 1),
	CASES(system_in_a_handler_of_system, 0, 1),
	CASE(fork_in_a_handler_of_system),
	{0},
};
