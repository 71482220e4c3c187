/* SPDX-License-Identifier: MIT */
/* Looks up the functions that the shim interposes. */
#include "preload/next.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* Threads that race find the same function. */
static void *look_up(_Atomic(void *) *slot, const char *name)
{
	void *found = atomic_load_explicit(slot, memory_order_relaxed);
	if (!found) {
		found = dlsym(RTLD_NEXT, name);
		atomic_store_explicit(slot, found, memory_order_relaxed);
	}
	return found;
}

/* ISO C has no cast from an object pointer to a function pointer. */
#define NEXT(function, slot, name)                                                                 \
	do {                                                                                       \
		void *found_ = look_up(slot, name);                                                \
		memcpy(&(function), &found_, sizeof found_);                                       \
	} while (0)

int next_system(const char *command)
{
	static _Atomic(void *) slot;
	int (*function)(const char *);
	NEXT(function, &slot, "system");
	return function(command);
}

FILE *next_popen(const char *command, const char *mode)
{
	static _Atomic(void *) slot;
	FILE *(*function)(const char *, const char *);
	NEXT(function, &slot, "popen");
	return function(command, mode);
}

int next_pclose(FILE *stream)
{
	static _Atomic(void *) slot;
	int (*function)(FILE *);
	NEXT(function, &slot, "pclose");
	return function(stream);
}

int next_fclose(FILE *stream)
{
	static _Atomic(void *) slot;
	int (*function)(FILE *);
	NEXT(function, &slot, "fclose");
	return function(stream);
}

int next_openpty(int *master, int *slave, char *name, const struct termios *termios,
	const struct winsize *size)
{
	static _Atomic(void *) slot;
	int (*function)(int *, int *, char *, const struct termios *, const struct winsize *);
	NEXT(function, &slot, "openpty");
	if (function)
		return function(master, slave, name, termios, size);
	errno = ENOSYS;
	return -1;
}

int next_login_tty(int fd)
{
	static _Atomic(void *) slot;
	int (*function)(int);
	NEXT(function, &slot, "login_tty");
	return function ? function(fd) : -1;
}

pid_t next_fork(void)
{
	static _Atomic(void *) slot;
	pid_t (*function)(void);
	NEXT(function, &slot, "fork");
	return function();
}

int next_prctl(int option, const unsigned long args[4])
{
	static _Atomic(void *) slot;
	int (*function)(int, ...);
	NEXT(function, &slot, "prctl");
	return function(option, args[0], args[1], args[2], args[3]);
}

int next_forkpty(int *master, char *name, const struct termios *termios, const struct winsize *size)
{
	static _Atomic(void *) slot;
	int (*function)(int *, char *, const struct termios *, const struct winsize *);
	NEXT(function, &slot, "forkpty");
	return function(master, name, termios, size);
}
