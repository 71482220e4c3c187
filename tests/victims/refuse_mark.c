/* SPDX-License-Identifier: MIT */
/* Preloaded before the shim: tells refuse_first.c, which is behind the shim, that what it is asked for next is the
 * first try at a fork of the program's. */
#include <dlfcn.h>
#include <pty.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

__attribute__((visibility("default"))) bool refuse_is_first(void);

static __thread bool is_first __attribute__((tls_model("initial-exec")));

bool refuse_is_first(void)
{
	bool was = is_first;
	is_first = false;
	return was;
}

static void *next(const char *name)
{
	is_first = true;
	return dlsym(RTLD_NEXT, name);
}

__attribute__((visibility("default"))) pid_t fork(void)
{
	void *found = next("fork");
	pid_t (*real)(void);
	memcpy(&real, &found, sizeof real);
	pid_t pid = real();
	is_first = false;
	return pid;
}

__attribute__((visibility("default"))) int forkpty(
	int *master, char *name, const struct termios *termios, const struct winsize *size)
{
	void *found = next("forkpty");
	int (*real)(int *, char *, const struct termios *, const struct winsize *);
	memcpy(&real, &found, sizeof real);
	int pid = real(master, name, termios, size);
	is_first = false;
	return pid;
}
