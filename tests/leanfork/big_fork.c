/* SPDX-License-Identifier: MIT */
/* A program with much memory that forks and execs once; with an argument it doesn't exec. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t size = (size_t)96 << 20;
	char *memory = malloc(size);
	int status;
	if (!memory)
		return 1;
	memset(memory, 1, size);
	pid_t pid = fork();
	(void)argv;
	if (pid == 0 && argc > 1)
		_exit(5);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 5", (char *)NULL);
		_exit(memory[12345]);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 2;
	free(memory);
	return status == 5 << 8 ? 0 : 3;
}
