/* SPDX-License-Identifier: MIT */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kernel_action.h"
#include "handlers.h"
#include "record.h"

int case_timeout_ms = 20000;

static char directory[] = "/tmp/safespawn-stdio-XXXXXX";

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	return at->level == 0 ? 0 : remove(path);
}

static void empty_directory(void)
{
	nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_directory(void)
{
	empty_directory();
	rmdir(directory);
}

/* What a case leaves behind becomes our child, so that it can be counted. */
void runner_start(void)
{
	record = mmap(
		NULL, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (record == MAP_FAILED || !mkdtemp(directory) || chmod(directory, 0777) < 0 ||
		prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
		perror("runner");
		exit(1);
	}
	atexit(remove_directory);
}

static void fixed_environment(void)
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	static char home[] = "HOME=/", c[] = "LC_ALL=C";
	static char *fixed[] = {path, home, c, NULL};
	extern char **environ;

	environ = fixed;
}

static void default_signals(void)
{
	uint64_t none = 0;

	for (int sig = 1; sig < 65; sig++) {
		static const struct kernel_action by_default;
		syscall(SYS_rt_sigaction, sig, &by_default, NULL, 8);
	}
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
}

static void set_stage(void)
{
	int null = open("/dev/null", O_RDWR);
	int out = open("output", O_RDWR | O_CREAT | O_APPEND, 0666);

	dup2(out, 30);
	dup2(null, 31);
	dup2(31, 0);
	dup2(30, 1);
	dup2(30, 2);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	setpgid(0, 0);
	fixed_environment();
	default_signals();
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, RLIM_INFINITY});
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(022);
	prctl(PR_SET_NAME, "case");
}

_Noreturn static void in_case(const struct test_case *c, int arg, const struct lib *lib)
{
	if (chdir(directory) < 0)
		abort();
	set_stage();
	c->run(lib, arg);
	fflush(NULL);
	_exit(0);
}

static void say_end(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), status;
	struct pollfd poll_end = {.fd = pidfd, .events = POLLIN};

	if (poll(&poll_end, 1, case_timeout_ms) == 0) {
		say("TIMEOUT", "after %d ms", case_timeout_ms);
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	close(pidfd);
	waitpid(pid, &status, 0);
	say("case ended", "%#x", status);
}

static int kill_children(void)
{
	int killed = 0;
	pid_t pid;
	FILE *f = fopen("/proc/thread-self/children", "re");

	while (f && fscanf(f, "%d", &pid) == 1) {
		kill(pid, SIGKILL);
		killed++;
	}
	if (f)
		fclose(f);
	return killed;
}

static void say_orphans(void)
{
	int orphans = kill_children();
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0)
		if (pid == 0 && kill_children() > 0)
			usleep(500);
	/* How many of them: a shell that is killed at once has no command yet. */
	say("orphans", "%d", orphans > 0);
}

/* "[123456]", the number of a pipe or the like, becomes its rank in the record. */
static char *with_ranks(const char *text)
{
	char *out = malloc(strlen(text) + 1), *to = out;
	unsigned long long seen[4096];
	size_t n = 0;

	while (*text) {
		char *end;
		unsigned long long number = *text == '[' ? strtoull(text + 1, &end, 10) : 0;
		if (*text != '[' || end == text + 1 || *end != ']' || number < 1000) {
			*to++ = *text++;
			continue;
		}
		size_t i = 0;
		while (i < n && seen[i] != number)
			i++;
		if (i == n && n < sizeof seen / sizeof seen[0])
			seen[n++] = number;
		to += sprintf(to, "[#%zu]", i);
		text = end + 1;
	}
	*to = '\0';
	return out;
}

char *run_case(const struct test_case *c, int arg, const struct lib *lib)
{
	char output[sizeof directory + 16];

	record->used = 0;
	record->text[0] = '\0';
	empty_directory();
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		in_case(c, arg, lib);
	say_end(pid);
	say_orphans();
	snprintf(output, sizeof output, "%s/output", directory);
	say_file("output", output);
	return with_ranks(record->text);
}
