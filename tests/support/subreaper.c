/* SPDX-License-Identifier: MIT */
/*
 * Hazards:
 * 1. meson ends a test that takes too long by SIGTERM to its group, then SIGKILL: SIGTERM ends the
 *    child, and the subreaper begins to clean up.
 * 2. The guardian of the kernel's settings is an orphan then. It ends by itself when it is done and
 *    must not be killed before: everybody else gets SIGTERM first and has time.
 */
#include "subreaper.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"

enum { GRACE_MS = 10000, STEP_MS = 10 };

bool in_debugger(void)
{
	return kernel_figure("/proc/self/status", "TracerPid:") > 0;
}

bool in_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");
	return preload && strstr(preload, "vgpreload");
}

/* Its parent, its name and whether it has ended; false: it is gone. */
static bool look(const char *pid, pid_t *parent, char name[32], bool *ended)
{
	char path[300], state = 0;
	int n = 0;
	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	FILE *file = fopen(path, "re");
	if (file) {
		n = fscanf(file, "%*d (%31[^)]) %c %d", name, &state, parent);
		fclose(file);
	}
	*ended = state == 'Z';
	return n == 3;
}

/* Sends the signal to each child that lives, names it if asked to. */
static void signal_children(int sig, bool name_them)
{
	DIR *dir = opendir("/proc");
	for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
		pid_t parent;
		char name[32];
		bool ended;
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		if (!look(e->d_name, &parent, name, &ended) || parent != getpid() || ended)
			continue;
		if (name_them)
			fprintf(stderr, "left behind: %s, %s\n", e->d_name, name);
		kill((pid_t)atoi(e->d_name), sig);
	}
	if (dir)
		closedir(dir);
}

static bool reap_all(void)
{
	pid_t pid;
	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
		;
	return pid < 0 && errno == ECHILD;
}

static bool all_end_within(int ms)
{
	for (int waited = 0; !reap_all(); waited += STEP_MS) {
		if (waited >= ms)
			return false;
		usleep(STEP_MS * 1000);
	}
	return true;
}

static volatile sig_atomic_t asked_to_end;

static void note_end(int sig)
{
	asked_to_end = sig;
}

static int wait_for(pid_t tests)
{
	int status = 0;
	pid_t pid;
	do {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR && asked_to_end)
			kill(tests, SIGKILL);
	} while (pid != tests && (pid > 0 || errno == EINTR));
	return status;
}

_Noreturn static void reap(pid_t tests)
{
	int status = wait_for(tests);
	bool clean = status != 0 || all_end_within(GRACE_MS);
	signal_children(SIGTERM, !clean);
	if (!all_end_within(GRACE_MS))
		do
			signal_children(SIGKILL, false);
		while (!all_end_within(STEP_MS));
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	_exit(clean ? WEXITSTATUS(status) : 1);
}

void run_under_subreaper(void)
{
	const struct sigaction note = {.sa_handler = note_end}, standard = {.sa_handler = SIG_DFL};
	if (in_debugger() || in_valgrind())
		return;
	fflush(NULL);
	sigaction(SIGTERM, &note, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t self = getpid(), pid = fork();
	if (pid > 0)
		reap(pid);
	sigaction(SIGTERM, &standard, NULL);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(1);
	}
}
