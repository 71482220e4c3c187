/* SPDX-License-Identifier: MIT */
/* Commands are run, and streams opened and closed, from handlers for fork that were there first. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *stream;
static int prepared, opened = -1, ran = -1;

static void prepare(void)
{
	prepared = system("exit 3");
}

static void in_child(void)
{
	FILE *another = popen("exit 4", "r");
	opened = another ? pclose(another) : -1;
	ran = system("exit 5");
	fclose(stream);
}

int main(void)
{
	int status = 0;
	pthread_atfork(prepare, NULL, in_child);
	stream = popen("exit 6", "r");
	if (!stream)
		return 1;
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(opened == 4 << 8 && ran == 5 << 8 ? 7 : 8);
		waitpid(pid, &status, 0);
		printf("prepared %#x, child %#x\n", (unsigned)prepared, (unsigned)status);
	}
	printf("closed %#x\n", (unsigned)pclose(stream));
	return 0;
}
