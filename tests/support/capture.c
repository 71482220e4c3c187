/* SPDX-License-Identifier: MIT */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

#define NO_UID ((uid_t)-1)

static void change_environment(const char *const *changes)
{
	for (; changes && *changes; changes++) {
		const char *equals = strchr(*changes, '=');
		char *name = strndup(*changes, strcspn(*changes, "="));
		if (equals)
			setenv(name, equals + 1, 1);
		else
			unsetenv(name);
		free(name);
	}
}

static void become(uid_t uid, const char *const *argv, const char *const *changes, int out, int err,
	unsigned limit_s)
{
	int null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (null > 2)
		close(null);
	if (uid != NO_UID && (setgroups(0, NULL) || setgid((gid_t)uid) || setuid(uid)))
		_exit(99);
	change_environment(changes);
	alarm(limit_s);
	execvp(argv[0], (char *const *)(const void *)argv);
	_exit(99);
}

static void take(char *to, size_t size, int fd)
{
	ssize_t n = pread(fd, to, size - 1, 0);
	assert_true(n >= 0);
	to[n] = '\0';
	close(fd);
}

void capture_as(
	struct captured *to, uid_t uid, const char *const argv[], const char *const changes[])
{
	/*
	 * Files instead of pipes, because nobody has to read them meanwhile, and remaining daemons
	 * do not hold them up.
	 */
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	assert_true(out >= 0 && err >= 0);
	const unsigned limit_s = patience(60);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become(uid, argv, changes, out, err, limit_s);
	while (waitpid(pid, &to->status, 0) < 0)
		assert_int_equal(errno, EINTR);
	take(to->out, sizeof to->out, out);
	take(to->err, sizeof to->err, err);
}

void capture(struct captured *to, const char *const argv[], const char *const changes[])
{
	capture_as(to, NO_UID, argv, changes);
}

void assert_exited(const struct captured *captured, int code)
{
	if (!WIFEXITED(captured->status) || WEXITSTATUS(captured->status) != code)
		fail_msg("status %#x instead of exit %d\nout: %s\nerr: %s", captured->status, code,
			captured->out, captured->err);
}

void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in '%s'", part, text);
}
