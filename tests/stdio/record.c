/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kernel_action.h"
#include "handlers.h"

#define RESTORER_FLAG 0x04000000UL /* libc's business, and not in every header */

struct record *record;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void say(const char *key, const char *format, ...)
{
	int saved = errno;
	va_list args;

	pthread_mutex_lock(&lock);
	char *at = record->text + record->used;
	size_t room = sizeof record->text - record->used;
	int n = snprintf(at, room, "%s: ", key);
	va_start(args, format);
	n += vsnprintf(at + n, room - (size_t)n, format, args);
	va_end(args);
	for (char *p = at + strlen(key) + 2; *p; p++)
		if (*p == '\n')
			*p = '~';
	if ((size_t)n + 2 > room)
		abort();
	memcpy(at + n, "\n", 2);
	record->used += (size_t)n + 1;
	pthread_mutex_unlock(&lock);
	errno = saved;
}

void say_result(const char *key, int result)
{
	if (result == -1 || result == 127 << 8)
		say(key, "%d errno %d", result, errno);
	else
		say(key, "%#x", (unsigned)result);
}

void say_file(const char *key, const char *path)
{
	char line[4096], name[128];
	FILE *f = fopen(path, "re");

	if (!f) {
		say(key, "no file");
		return;
	}
	for (int i = 0; fgets(line, sizeof line, f); i++) {
		line[strcspn(line, "\n")] = '\0';
		snprintf(name, sizeof name, "%s[%d]", key, i);
		say(name, "%s", line);
	}
	fclose(f);
}

/* By fcntl alone: there may be neither /proc nor a free descriptor. */
static void say_fds(const char *key)
{
	char name[128];
	struct stat st;

	for (int fd = 0; fd < 1100; fd++) {
		int fd_flags = fcntl(fd, F_GETFD);
		if (fd_flags < 0 || fstat(fd, &st) < 0)
			continue;
		snprintf(name, sizeof name, "%s fd %d", key, fd);
		say(name, "type %o [%ju] flags %#x cloexec %d", st.st_mode & S_IFMT,
			(uintmax_t)st.st_ino, fcntl(fd, F_GETFL), fd_flags);
	}
}

static void say_signals(const char *key)
{
	char name[128];
	uint64_t mask = 0, pending = 0;

	/* By raw calls: libc hides signals of its own. */
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	syscall(SYS_rt_sigpending, &pending, 8);
	snprintf(name, sizeof name, "%s mask", key);
	say(name, "%jx pending %jx", (uintmax_t)mask, (uintmax_t)pending);
	for (int sig = 1; sig < 65; sig++) {
		struct kernel_action action;
		if (syscall(SYS_rt_sigaction, sig, NULL, &action, 8) < 0)
			continue;
		action.flags &= ~RESTORER_FLAG;
		if (action.handler == KERNEL_DEFAULT && !action.flags && !action.mask)
			continue;
		snprintf(name, sizeof name, "%s action %d", key, sig);
		say(name, "%s flags %lx mask %jx", handler_name((void (*)(int))action.handler),
			action.flags, (uintmax_t)action.mask);
	}
}

const char *children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 ? "none" : "some";
}

void say_process(const char *key)
{
	char name[128], cwd[4096];
	mode_t mask = umask(022);

	umask(mask);
	say_fds(key);
	say_signals(key);
	snprintf(name, sizeof name, "%s process", key);
	say(name, "children %s cwd %s umask %o dumpable %d own group %d", children(),
		getcwd(cwd, sizeof cwd) ? cwd : "none", mask, prctl(PR_GET_DUMPABLE),
		getpgrp() == getpid());
}
