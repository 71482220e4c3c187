/* SPDX-License-Identifier: MIT */
#include "preload/next.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

static struct {
	atomic_bool resolved;
	int (*system)(const char *);
	FILE *(*popen)(const char *, const char *);
	int (*pclose)(FILE *);
	int (*fclose)(FILE *);
	pid_t (*fork)(void);
} next;

/* ISO C has no cast from what dlsym returns to a function. */
static void look_up(void *function, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	memcpy(function, &found, sizeof found);
}

void next_resolve(void)
{
	look_up(&next.system, "system");
	look_up(&next.popen, "popen");
	look_up(&next.pclose, "pclose");
	look_up(&next.fclose, "fclose");
	look_up(&next.fork, "fork");
	atomic_store_explicit(&next.resolved, true, memory_order_release);
}

static void need(void)
{
	if (!atomic_load_explicit(&next.resolved, memory_order_acquire))
		next_resolve();
}

int next_system(const char *command)
{
	need();
	return next.system(command);
}

FILE *next_popen(const char *command, const char *mode)
{
	need();
	return next.popen(command, mode);
}

int next_pclose(FILE *stream)
{
	need();
	return next.pclose(stream);
}

int next_fclose(FILE *stream)
{
	need();
	return next.fclose(stream);
}

pid_t next_fork(void)
{
	need();
	return next.fork();
}
