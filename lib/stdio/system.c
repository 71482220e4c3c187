/* SPDX-License-Identifier: MIT */
/*
 * ss_system. Hazards, answered below by number:
 *
 *  1. Cancellation is allowed in the wait alone, because everything else would be left half done.
 *  2. A cancelled waitpid may have reaped the child, and a kill could hit a stranger. So the
 *     cancellable wait leaves the child a zombie.
 *  3. The child may take long to start, and may be stopped meanwhile. So signals are open from the
 *     spawn on. If the thread is cancelled there, the spawn ends the child.
 *  4. SIGCHLD may be pending or come from another child. It stays blocked until all is restored.
 */
#include <safespawn.h>

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/spawn.h"
#include "base/cancel.h"
#include "stdio/interrupts.h"
#include "stdio/shell.h"

#define COULD_NOT_EXEC (127 << 8) /* as if a shell had called exit(127) */

struct call {
	pid_t pid;
	sigset_t mask; /* the caller's */
	struct cancel cancel;
};

static void enter(struct call *call, sigset_t *reset)
{
	sigset_t all;

	pthread_testcancel();
	ss__cancel_off(&call->cancel);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &call->mask);
	ss__interrupts_ignore(reset);
}

static void leave(struct call *call)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	ss__interrupts_restore();
	pthread_sigmask(SIG_SETMASK, &call->mask, NULL);
}

static int reap(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Cancellation stays off until the caller's own cleanup handlers have run. */
static void cancelled(void *arg)
{
	struct call *call = arg;
	int status;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	kill(call->pid, SIGKILL);
	reap(call->pid, &status);
	leave(call);
}

/* (3) */
static void cancelled_in_spawn(void *arg)
{
	leave(arg);
}

/* (2) */
static void wait_for_end(pid_t pid)
{
	siginfo_t info;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		continue;
}

static int finish(struct call *call, int *status)
{
	pthread_cleanup_push(cancelled, call);
	pthread_setcancelstate(call->cancel.state, NULL); /* (1) */
	wait_for_end(call->pid);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cleanup_pop(0);
	return reap(call->pid, status);
}

/* POSIX: -1 if there is no child, 127 if the shell does not start. */
static int status_of_failure(const struct ss_failure *failure)
{
	bool refused = failure->error == EAGAIN || failure->error == ENOMEM;

	return failure->stage == SS_STAGE_EXEC && !refused ? COULD_NOT_EXEC : -1;
}

static int spawn(struct call *call, struct ss_child *child, char *const argv[],
	const struct ss_options *options)
{
	const struct spawn_extra extra = {
		.cancellable = call->cancel.state == PTHREAD_CANCEL_ENABLE,
	};
	sigset_t wait_mask = call->mask;
	int error;

	sigaddset(&wait_mask, SIGCHLD); /* (4) */
	pthread_cleanup_push(cancelled_in_spawn, call);
	pthread_sigmask(SIG_SETMASK, &wait_mask, NULL);
	error = ss__spawn_child(child, argv, options, &extra);
	pthread_cleanup_pop(0);
	return error;
}

/* Runs the command to its end. *status gets the wait status or -1. Returns 0 or -errno. */
static int run_to_end(const char *file, char *const argv[], int *status)
{
	struct call call;
	struct ss_child child;
	struct ss_failure failure;
	sigset_t reset;

	enter(&call, &reset);
	int error = spawn(&call, &child, argv,
		SS_OPTIONS(.flags = SS_KEEP_FDS | SS_NO_PIDFD, .file = file, .sigmask = &call.mask,
			.sigdefault = &reset, .failure = &failure));
	*status = -1;
	if (error == 0) {
		call.pid = child.pid;
		error = finish(&call, status);
	} else {
		*status = status_of_failure(&failure);
	}
	leave(&call);
	ss__cancel_as_before(&call.cancel);
	return error;
}

static int run_command(const char *file, char *const argv[])
{
	int saved_errno = errno, status;
	int error = run_to_end(file, argv, &status);

	errno = error < 0 ? -error : saved_errno;
	return status;
}

int ss_system(const char *command)
{
	char *argv[SHELL_ARGC];

	ss__shell_argv(argv, command ? command : "exit 0");
	int status = run_command(SHELL, argv);
	return command ? status : status == 0;
}

int ss_systemv(char *const argv[])
{
	if (!argv || !argv[0]) {
		errno = EINVAL;
		return -1;
	}
	return run_command(NULL, argv);
}

/* For programs linked with --wrap=system. */
SS_API int __wrap_system(const char *command) __attribute__((alias("ss_system")));
