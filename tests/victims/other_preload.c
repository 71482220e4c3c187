/* SPDX-License-Identifier: MIT */
/*
 * Another library that stands in front of the same functions, and says so; its constructor starts
 * commands already.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t fork(void);

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static void say(const char *what)
{
	if (write(2, what, strlen(what)) < 0)
		abort();
}

pid_t fork(void)
{
	pid_t (*real)(void);
	*(void **)&real = next("fork");
	say("other fork\n");
	return real();
}

int system(const char *command)
{
	int (*real)(const char *);
	*(void **)&real = next("system");
	say("other system\n");
	return real(command);
}

__attribute__((constructor)) static void start(void)
{
	pid_t pid;
	if (getenv("OTHER_DONE"))
		return;
	setenv("OTHER_DONE", "1", 1);
	if (system("exit 3") != 3 << 8)
		say("system failed\n");
	if ((pid = fork()) == 0)
		_exit(4);
	int status;
	if (waitpid(pid, &status, 0) != pid || status != 4 << 8)
		say("fork failed\n");
	FILE *stream = popen("echo early", "r");
	char text[16] = "";
	if (!stream || !fgets(text, sizeof text, stream) || pclose(stream) != 0)
		say("popen failed\n");
	say(text);
}
