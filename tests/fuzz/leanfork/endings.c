/* SPDX-License-Identifier: MIT */
/* How a child ends. The child's steps come before that. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define ENDING(name)                                                                               \
	static void name(__attribute__((unused)) const struct program *p,                          \
		__attribute__((unused)) const struct step *s)

/* What is carried goes to the next program in its environment. */
void victim_argv(char *argv[4], char *env[4], const char *name)
{
	static char text[LOG_SIZE + 16], path[] = "PATH=/usr/bin:/bin";
	static char victim[256], results[256], own_name[32];
	bool carried = log_now != &common->log;
	snprintf(text, sizeof text, "FUZZ_LOG=%s", carried ? log_now->text : "");
	snprintf(victim, sizeof victim, "%s", settings.victim);
	snprintf(results, sizeof results, "%s", settings.results);
	snprintf(own_name, sizeof own_name, "%s", name);
	memcpy(argv, ((char *[]){victim, own_name, results, NULL}), 4 * sizeof *argv);
	memcpy(env, ((char *[]){text, path, NULL, NULL}), 4 * sizeof *env);
}

_Noreturn void exec_victim(const char *name)
{
	char *argv[4], *env[4];
	victim_argv(argv, env, name);
	execve(argv[0], argv, env);
	note_result("execve", -1);
	log_pass_on();
	_exit(98);
}

ENDING(execs)
{
	exec_victim("victim");
}

static void fails_to_exec(const struct step *s)
{
	static const char *const paths[] = {"/nonexistent/x", "data", "sub", "dangling", ""};
	char *argv[4], *env[4];
	victim_argv(argv, env, "none");
	note_result("execve", execve(paths[s->a % 5], argv, env));
}

ENDING(fails_to_exec_and_execs)
{
	fails_to_exec(s);
	exec_victim("victim");
}

ENDING(fails_to_exec_and_exits)
{
	fails_to_exec(s);
	if (s->c & 1)
		log_pass_on();
	_exit(127);
}

ENDING(execs_by_descriptor)
{
	char *argv[4], *env[4];
	int fd = open(settings.victim, O_PATH | O_CLOEXEC);
	victim_argv(argv, env, "victim");
	syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH);
	note_result("execveat", -1);
	_exit(98);
}

/* Its strings lie in memory that the parent has left. */
ENDING(execs_with_strings_in_memory)
{
	char *argv[8], *env[4], *at = some_page(p, s->a, s->b);
	uint64_t word;
	victim_argv(argv, env, "victim");
	if (peek(at, &word) && poke(at, 0x6e6f6c6f6cULL) &&
		poke(at + PAGE_SIZE - 8, 0x6174756f62ULL)) {
		argv[3] = at;
		argv[4] = at + PAGE_SIZE - 8;
		argv[5] = NULL;
	}
	execve(argv[0], argv, env);
	note_result("execve", -1);
	_exit(98);
}

ENDING(exits_at_once)
{
	if (s->c & 1)
		log_pass_on();
	_exit((int)(s->a % 256));
}

ENDING(exits)
{
	if (s->c & 1)
		log_pass_on();
	exit((int)(s->a % 256)); /* NOLINT */
}

ENDING(aborts)
{
	if (s->c & 1)
		log_pass_on();
	abort();
}

ENDING(kills_itself)
{
	static const int signals[] = {
		SIGTERM, SIGKILL, SIGINT, SIGSEGV, SIGSYS, SIGQUIT, SIGUSR1, 37};
	sigset_t none;
	sigemptyset(&none);
	if (s->c & 1)
		log_pass_on();
	signal(signals[s->a % 8], SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (s->b & 1)
		raise(signals[s->a % 8]);
	kill(getpid(), signals[s->a % 8]);
}

ENDING(faults)
{
	static const char *const nowhere[] = {NULL, (const char *)64};
	if (s->c & 1)
		log_pass_on();
	signal(SIGSEGV, SIG_DFL);
	*(volatile char *)(uintptr_t)nowhere[s->a & 1] = 1;
}

ENDING(forks_twice)
{
	pid_t pid = fork_again();
	if (pid == 0)
		exec_victim("grandchild");
	_exit(pid > 0 ? 0 : errno);
}

ENDING(makes_a_daemon)
{
	setsid();
	pid_t pid = fork_again();
	if (pid)
		_exit(pid > 0 ? 0 : errno);
	umask(0);
	note("chdir %d", chdir("sub"));
	for (int fd = 3; fd < 20; fd++)
		close(fd);
	exec_victim("daemon");
}

ENDING(forks_and_waits)
{
	int status = -1;
	pid_t pid = fork_again();
	if (pid == 0)
		exec_victim("grandchild");
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 97);
}

ENDING(vforks_and_waits)
{
	char *argv[4], *env[4];
	int status = -1;
	victim_argv(argv, env, "vforked");
	pid_t pid = vfork();
	if (pid == 0) {
		execve(argv[0], argv, env);
		_exit(96);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 97);
}

ENDING(stops_and_execs)
{
	raise(SIGSTOP);
	exec_victim("victim");
}

ENDING(is_killed_by_parent)
{
	static const char asks[] = {'T', 'K', 'S'};
	log_pass_on();
	signal(SIGTERM, SIG_DFL);
	sigset_t set;
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	if (write(FD_ASK_OUT, &asks[s->a % 3], 1) == 1)
		for (int i = 0; i < 20; i++)
			poll(NULL, 0, 1000);
	_exit(95);
}

static void *ends_in_thread(void *arg)
{
	if (arg)
		exec_victim("from a thread");
	log_pass_on();
	_exit(44);
}

ENDING(ends_in_a_thread)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, ends_in_thread, s->a & 1 ? (void *)(uintptr_t)s : NULL))
		_exit(94);
	if (s->b & 1)
		pthread_exit(NULL);
	pthread_join(thread, NULL);
}

static void exits_in_handler(int sig)
{
	_exit(sig);
}

ENDING(exits_in_a_handler)
{
	sigset_t none;
	sigemptyset(&none);
	signal(SIGUSR1, exits_in_handler);
	sigprocmask(SIG_SETMASK, &none, NULL);
	raise(SIGUSR1);
}

/* Flushes what it has of its parent's output, and ends by returning to it. */
ENDING(writes_and_execs)
{
	fputs("said by the child\n", stdout);
	fflush(stdout);
	exec_victim("victim");
}

const struct work endings[] = {
	{"execs", execs, 8, 0},
	{"fails_to_exec_and_execs", fails_to_exec_and_execs, 5, 0},
	{"fails_to_exec_and_exits", fails_to_exec_and_exits, 4, 0},
	{"execs_by_descriptor", execs_by_descriptor, 4, 0},
	{"execs_with_strings_in_memory", execs_with_strings_in_memory, 6, 0},
	{"exits_at_once", exits_at_once, 6, 0},
	{"exits", exits, 4, WORK_MALLOCS},
	{"aborts", aborts, 2, 0},
	{"kills_itself", kills_itself, 4, 0},
	{"faults", faults, 2, 0},
	{"forks_twice", forks_twice, 5, 0},
	{"makes_a_daemon", makes_a_daemon, 4, 0},
	{"forks_and_waits", forks_and_waits, 4, 0},
	{"vforks_and_waits", vforks_and_waits, 4, 0},
	{"stops_and_execs", stops_and_execs, 3, 0},
	{"is_killed_by_parent", is_killed_by_parent, 3, 0},
	{"ends_in_a_thread", ends_in_a_thread, 3, WORK_MALLOCS},
	{"exits_in_a_handler", exits_in_a_handler, 3, 0},
	{"writes_and_execs", writes_and_execs, 4, 0},
};

size_t endings_count(void)
{
	return sizeof endings / sizeof endings[0];
}
