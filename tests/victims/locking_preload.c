/* SPDX-License-Identifier: MIT */
/*
 * Another library that stands in front of the same functions, each of which takes the same lock, so
 * none may come back here from inside another. Instead of waiting for itself it says so.
 */
#include <dlfcn.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *holder;

static void *enter(const char *name)
{
	char text[64];
	if (holder) {
		int n = snprintf(text, sizeof text, "%s inside %s\n", name, holder);
		if (write(2, text, (size_t)n) < 0)
			abort();
	}
	holder = name;
	return dlsym(RTLD_NEXT, name);
}

static void leave(void)
{
	holder = NULL;
}

FILE *popen(const char *command, const char *mode)
{
	FILE *(*real)(const char *, const char *);
	*(void **)&real = enter("popen");
	FILE *stream = real(command, mode);
	leave();
	return stream;
}

int pclose(FILE *stream)
{
	int (*real)(FILE *);
	*(void **)&real = enter("pclose");
	int status = real(stream);
	leave();
	return status;
}

int fclose(FILE *stream)
{
	int (*real)(FILE *);
	*(void **)&real = enter("fclose");
	int status = real(stream);
	leave();
	return status;
}

pid_t fork(void)
{
	pid_t (*real)(void);
	*(void **)&real = enter("fork");
	pid_t pid = real();
	leave();
	return pid;
}

int forkpty(int *master, char *name, const struct termios *termios, const struct winsize *size)
{
	int (*real)(int *, char *, const struct termios *, const struct winsize *);
	*(void **)&real = enter("forkpty");
	int pid = real(master, name, termios, size);
	leave();
	return pid;
}
