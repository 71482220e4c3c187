/* SPDX-License-Identifier: MIT */
/* A program that uses the library and libc's functions side by side. */
#include <safespawn.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, int status)
{
	printf("%s %#x\n", what, status);
	fflush(stdout);
}

static void by_library(void)
{
	char sh[] = "sh", option[] = "-c", command[] = "echo spawned; exit 3";
	char *argv[] = {sh, option, command, NULL};
	struct ss_child child;
	int status;
	if (ss_spawn(&child, argv, NULL) < 0)
		abort();
	if (ss_wait(&child, &status, -1) < 0)
		abort();
	ss_release(&child);
	say("ss_spawn", status);
}

static void by_libc(void)
{
	char text[64];
	FILE *stream = popen("echo piped; exit 4", "r");
	if (!stream || !fgets(text, sizeof text, stream))
		abort();
	fputs(text, stdout);
	say("popen", pclose(stream));
	say("system", system("echo commanded; exit 5"));
}

static void by_fork(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(6);
	waitpid(pid, &status, 0);
	say("fork", status);
}

int main(void)
{
	by_library();
	by_libc();
	by_fork();
	by_library();
	return 0;
}
