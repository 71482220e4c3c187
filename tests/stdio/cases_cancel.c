/* SPDX-License-Identifier: MIT */
#include "cases.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handlers.h"
#include "record.h"

/*
 * A thread runs a command that says on descriptor 7 when it has got there, and goes on when
 * something comes on 8.
 */
struct call {
	const struct lib *lib;
	const char *command;
	int cancel_state;
	FILE *stream;
};

static int said_ready, told_go_on;

static void open_channels(void)
{
	int ready[2], go_on[2];

	if (pipe(ready) < 0 || pipe(go_on) < 0)
		abort();
	said_ready = fcntl(ready[0], F_DUPFD_CLOEXEC, 20);
	dup2(ready[1], 7);
	told_go_on = fcntl(go_on[1], F_DUPFD_CLOEXEC, 20);
	dup2(go_on[0], 8);
	for (int fd = 3; fd < 7; fd++)
		close(fd);
	fcntl(7, F_SETFD, 0);
	fcntl(8, F_SETFD, 0);
}

static void wait_ready(void)
{
	char line[64];
	ssize_t n = read(said_ready, line, sizeof line - 1);

	line[n > 0 ? n : 0] = '\0';
	say("ready", "%s", n > 0 ? "yes" : "no");
	if (n > 1)
		say("command", "%s", atoi(line) > 1 ? "has a pid" : "has none");
}

static void go_on(void)
{
	if (write(told_go_on, "x\n", 2) != 2)
		abort();
}

/* libc's own signal may be blocked here, and that the command has ended may be pending. */
static void say_unwinding(void *arg)
{
	struct sigaction interrupt;
	sigset_t mask;

	(void)arg;
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	sigaction(SIGINT, NULL, &interrupt);
	say("unwinding", "SIGCHLD %s, SIGINT %s, children %s",
		sigismember(&mask, SIGCHLD) ? "blocked" : "not blocked",
		handler_name(interrupt.sa_handler), children());
}

static void *call_system(void *arg)
{
	struct call *call = arg;

	pthread_cleanup_push(say_unwinding, NULL);
	pthread_setcancelstate(call->cancel_state, NULL);
	say_system(call->lib, "system", call->command);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	pthread_testcancel();
	pthread_cleanup_pop(0);
	return NULL;
}

static void *call_pclose(void *arg)
{
	struct call *call = arg;

	pthread_cleanup_push(say_unwinding, NULL);
	said_pclose(call->lib, "pclose", call->stream);
	pthread_testcancel();
	pthread_cleanup_pop(0);
	return NULL;
}

static void join(pthread_t thread)
{
	void *result;

	pthread_join(thread, &result);
	say("thread", "%s, children %s", result == PTHREAD_CANCELED ? "cancelled" : "returned",
		children());
}

static void waiting_in_system(const struct lib *lib, int arg)
{
	struct call call = {.lib = lib,
		.command = "echo $$ >&7; exec sleep 1000",
		.cancel_state = PTHREAD_CANCEL_ENABLE};
	pthread_t thread;

	(void)arg;
	open_channels();
	on_signal(SIGINT, count_signal, 0);
	on_signal(SIGCHLD, count_signal, SA_RESTART);
	pthread_create(&thread, NULL, call_system, &call);
	wait_ready();
	pthread_cancel(thread);
	join(thread);
	say_process("after");
	say_all_ways(lib, "exit 3");
}

static void cancellation_off_in_system(const struct lib *lib, int arg)
{
	struct call call = {.lib = lib,
		.command = "echo $$ >&7; read x <&8; exit 3",
		.cancel_state = PTHREAD_CANCEL_DISABLE};
	pthread_t thread;

	(void)arg;
	open_channels();
	pthread_create(&thread, NULL, call_system, &call);
	wait_ready();
	pthread_cancel(thread);
	go_on();
	join(thread);
	say_process("after");
}

static void waiting_in_pclose(const struct lib *lib, int arg)
{
	struct call call = {.lib = lib};
	pthread_t thread;

	(void)arg;
	open_channels();
	call.stream = said_popen(lib, "popen", "cat; echo $$ >&7; read x <&8; exit 3", "w");
	pthread_create(&thread, NULL, call_pclose, &call);
	wait_ready();
	usleep(20000);
	pthread_cancel(thread);
	go_on();
	join(thread);
	say_process("after");
}

/* The command does not read what pclose has to write out. */
static void flushing_in_pclose(const struct lib *lib, int arg)
{
	static const char block[4096];
	struct call call = {.lib = lib};
	pthread_t thread;

	(void)arg;
	open_channels();
	call.stream =
		said_popen(lib, "popen", "echo $$ >&7; read x <&8; cat >/dev/null; exit 3", "w");
	wait_ready();
	fcntl(fileno(call.stream), F_SETFL, O_NONBLOCK);
	while (write(fileno(call.stream), block, sizeof block) > 0)
		continue;
	fcntl(fileno(call.stream), F_SETFL, 0);
	fputs("unwritten", call.stream);
	pthread_create(&thread, NULL, call_pclose, &call);
	usleep(100000);
	pthread_cancel(thread);
	usleep(100000);
	go_on();
	join(thread);
}

static void *call_popen(void *arg)
{
	struct call *call = arg;

	pthread_cleanup_push(say_unwinding, NULL);
	pthread_cancel(pthread_self());
	call->stream = said_popen(call->lib, "popen", call->command, "r");
	pthread_testcancel();
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancelled_before_popen(const struct lib *lib, int arg)
{
	struct call call = {.lib = lib, .command = "exit 3"};
	pthread_t thread;

	(void)arg;
	pthread_create(&thread, NULL, call_popen, &call);
	join(thread);
	say_process("after");
	if (call.stream)
		said_pclose(lib, "pclose", call.stream);
	say_process("closed");
}

static void *cancel_and_call_system(void *arg)
{
	pthread_cancel(pthread_self());
	return call_system(arg);
}

static void cancelled_before_system(const struct lib *lib, int arg)
{
	struct call call = {
		.lib = lib, .command = "exec sleep 1000", .cancel_state = PTHREAD_CANCEL_ENABLE};
	pthread_t thread;

	(void)arg;
	pthread_create(&thread, NULL, cancel_and_call_system, &call);
	join(thread);
	say_process("after");
}

/* The first of two callers to enter is also the first to leave. */
static void two_in_system(const struct lib *lib, int cancels)
{
	struct call slow = {.lib = lib,
		.command = "echo $$ >&7; read x <&8; exit 3",
		.cancel_state = PTHREAD_CANCEL_ENABLE};
	pthread_t thread;

	open_channels();
	on_signal(SIGINT, count_signal, SA_RESTART);
	on_signal(SIGQUIT, SIG_IGN, 0);
	pthread_create(&thread, NULL, call_system, &slow);
	wait_ready();
	say_system(lib, "second", show_command("seen"));
	say_file("second saw", "seen");
	say_process("one left");
	if (cancels)
		pthread_cancel(thread);
	else
		go_on();
	join(thread);
	say_process("after");
}

static void in_forked_child(const struct lib *lib)
{
	say_process("forked");
	say_system(lib, "forked system", "exit 5");
	FILE *f = said_popen(lib, "forked popen", "exit 6", "r");
	said_pclose(lib, "forked pclose", f);
	say_process("forked, later");
	_exit(0);
}

static void fork_beside_system(const struct lib *lib, int arg)
{
	struct call call = {.lib = lib,
		.command = "echo $$ >&7; read x <&8; exit 3",
		.cancel_state = PTHREAD_CANCEL_ENABLE};
	pthread_t thread;

	(void)arg;
	open_channels();
	on_signal(SIGINT, count_signal, SA_RESTART);
	pthread_create(&thread, NULL, call_system, &call);
	wait_ready();
	pid_t pid = fork();
	if (pid == 0)
		in_forked_child(lib);
	waitpid(pid, NULL, 0);
	go_on();
	join(thread);
	say_process("after");
}

const struct test_case cancel_cases[] = {
	CASE(waiting_in_system),
	CASE(cancellation_off_in_system),
	CASE(waiting_in_pclose),
	CASE(flushing_in_pclose),
	CASE(cancelled_before_popen),
	CASE(cancelled_before_system),
	CASES(two_in_system, 0, 1),
	CASE(fork_beside_system),
	{0},
};
