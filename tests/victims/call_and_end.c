/* SPDX-License-Identifier: MIT */
/*
 * call_and_end CALLS END: makes the calls that the letters name (s system, p popen and pclose, c
 * popen and fclose, b popen of both ends, x fclose of standard output and error, o dup2 of 3 to
 * standard error, d chdir to /proc, f fork, y forkpty, e fork with a child that calls system and
 * exit), then ends by return, _exit, exec or kill. It is 7 that it returns.
 */
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void end_child(pid_t pid)
{
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void call(char letter)
{
	int master;
	pid_t pid;
	FILE *stream;
	switch (letter) {
	case 's':
		if (system("exit 3") != 3 << 8)
			abort();
		break;
	case 'p':
		if (pclose(popen("exit 4", "r")) != 4 << 8)
			abort();
		break;
	case 'c':
		fclose(popen("exit 5", "r"));
		break;
	case 'b':
		stream = popen("exit 0", "r+");
		if (stream)
			pclose(stream);
		break;
	case 'x':
		fclose(stdout);
		fclose(stderr);
		break;
	case 'd':
		if (chdir("/proc") < 0)
			abort();
		break;
	case 'o':
		dup2(3, 2);
		break;
	case 'f':
		end_child(fork());
		break;
	case 'e':
		pid = fork();
		if (pid == 0)
			exit(system("exit 6") >> 8);
		waitpid(pid, NULL, 0);
		break;
	case 'y':
		end_child(forkpty(&master, NULL, NULL, NULL));
		close(master);
		break;
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 99;
	for (const char *p = argv[1]; *p; p++)
		call(*p);
	if (!strcmp(argv[2], "_exit"))
		_exit(7);
	if (!strcmp(argv[2], "kill"))
		raise(SIGKILL);
	if (!strcmp(argv[2], "exec"))
		execl(argv[0], argv[0], "", "return", NULL);
	return 7;
}
