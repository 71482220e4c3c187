/* SPDX-License-Identifier: MIT */
/* system and popen as textbooks have them, with one fault at a time. The table must notice each. */
#include "lib.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum fault fault = FAULT_NONE;

static struct {
	FILE *file;
	pid_t pid;
} open_streams[256];
static size_t n_open;

static void exec_shell(const char *command)
{
	extern char **environ;
	static char *none[] = {NULL};

	if (fault == FAULT_EMPTY_ENVIRONMENT)
		environ = none;
	if (fault == FAULT_NEW_GROUP)
		setpgid(0, 0);
	if (fault == FAULT_SHELL_FROM_PATH)
		execlp("sh", "sh", "-c", command, (char *)NULL);
	else
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR || fault == FAULT_EINTR_GIVES_UP)
			return -1;
	return fault == FAULT_EXIT_STATUS_ALONE ? WEXITSTATUS(status) : status;
}

struct saved {
	struct sigaction interrupt, quit;
	sigset_t mask;
	pid_t pid;
};

static void put_back(struct saved *s)
{
	struct sigaction by_default = {.sa_handler = SIG_DFL};

	if (fault == FAULT_INT_SET_TO_DEFAULT)
		sigaction(SIGINT, &by_default, NULL);
	else if (fault != FAULT_INT_STAYS_IGNORED)
		sigaction(SIGINT, &s->interrupt, NULL);
	sigaction(SIGQUIT, &s->quit, NULL);
	if (fault != FAULT_CHLD_STAYS_BLOCKED)
		pthread_sigmask(SIG_SETMASK, &s->mask, NULL);
}

static void child_of_system(const struct saved *s, const char *command)
{
	struct sigaction by_default = {.sa_handler = SIG_DFL};

	if (fault == FAULT_CHILD_RESETS_INT)
		sigaction(SIGINT, &by_default, NULL);
	else if (fault != FAULT_CHILD_IGNORES_INT)
		sigaction(SIGINT, &s->interrupt, NULL);
	sigaction(SIGQUIT, &s->quit, NULL);
	if (fault != FAULT_CHILD_BLOCKS_CHLD)
		pthread_sigmask(SIG_SETMASK, &s->mask, NULL);
	exec_shell(command);
}

static void cancelled(void *arg)
{
	struct saved *s = arg;

	if (fault != FAULT_CANCELLED_CHILD_LIVES)
		kill(s->pid, SIGKILL);
	if (fault != FAULT_CANCELLED_CHILD_LIVES && fault != FAULT_CANCELLED_CHILD_ZOMBIE)
		wait_for(s->pid);
	put_back(s);
}

static int wrong_system(const char *command)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct saved s;
	sigset_t chld;
	int status;

	if (!command)
		return fault == FAULT_NULL_IS_ALWAYS_1 ? 1 : wrong_system("exit 0") == 0;
	sigaction(SIGINT, fault == FAULT_INT_NOT_IGNORED ? NULL : &ignore, &s.interrupt);
	sigaction(SIGQUIT, &ignore, &s.quit);
	sigemptyset(&chld);
	if (fault != FAULT_CHLD_NOT_BLOCKED)
		sigaddset(&chld, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &chld, &s.mask);
	s.pid = fork();
	if (s.pid == 0)
		child_of_system(&s, command);
	pthread_cleanup_push(cancelled, &s);
	status = s.pid > 0 ? wait_for(s.pid) : -1;
	pthread_cleanup_pop(0);
	put_back(&s);
	return status;
}

static void child_of_popen(int ours, int theirs, int target, const char *command)
{
	for (size_t i = 0; fault != FAULT_EARLIER_STREAMS_OPEN && i < n_open; i++)
		if (fileno(open_streams[i].file) != target)
			close(fileno(open_streams[i].file));
	if (theirs != target)
		dup2(theirs, target);
	else if (fault != FAULT_DUP_ONTO_ITSELF)
		fcntl(target, F_SETFD, 0);
	if (fault == FAULT_STDERR_TOO)
		dup2(theirs, 2);
	if (ours != target)
		close(ours);
	if (fault == FAULT_THEIR_END_OPEN)
		fcntl(theirs, F_SETFD, 0);
	exec_shell(command);
}

static FILE *wrong_popen(const char *command, const char *mode)
{
	int ends[2], reads = strchr(mode, 'r') != NULL, writes = strchr(mode, 'w') != NULL;
	size_t known = strspn(mode, fault == FAULT_REFUSES_E ? "rw" : "rwe");

	if (mode[known] || !(reads || writes) || (reads && writes && fault != FAULT_ACCEPTS_RW)) {
		errno = EINVAL;
		return NULL;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	int ours = ends[!reads], theirs = ends[reads];
	pid_t pid = fork();
	if (pid == 0)
		child_of_popen(ours, theirs, reads, command);
	close(theirs);
	if (pid < 0) {
		close(ours);
		return NULL;
	}
	if (fault == FAULT_NEVER_CLOEXEC || (!strchr(mode, 'e') && fault != FAULT_ALWAYS_CLOEXEC))
		fcntl(ours, F_SETFD, 0);
	open_streams[n_open].file = fdopen(ours, reads ? "r" : "w");
	open_streams[n_open].pid = pid;
	return open_streams[n_open++].file;
}

static int wrong_pclose(FILE *stream)
{
	size_t i = 0;

	while (i < n_open && open_streams[i].file != stream)
		i++;
	if (i == n_open)
		return fclose(stream);
	pid_t pid = open_streams[i].pid;
	open_streams[i] = open_streams[--n_open];
	fclose(stream);
	return fault == FAULT_PCLOSE_DOES_NOT_WAIT ? 0 : wait_for(pid);
}

const struct lib wrong_lib = {"wrong", wrong_system, wrong_popen, wrong_pclose};
