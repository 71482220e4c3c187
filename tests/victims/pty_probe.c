/* SPDX-License-Identifier: MIT */
/* Says what forkpty gives a child, so that two of them can be compared. */
#include <errno.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void child(const char *name)
{
	struct winsize size = {0};
	struct termios termios;
	ioctl(0, TIOCGWINSZ, &size);
	tcgetattr(1, &termios);
	printf("tty %d %d %d\n", isatty(0), isatty(1), isatty(2));
	printf("named %d\n", !strcmp(ttyname(0), name) && !strcmp(ttyname(2), name));
	printf("size %d %d\n", size.ws_row, size.ws_col);
	printf("echo %d icanon %d\n", !!(termios.c_lflag & ECHO), !!(termios.c_lflag & ICANON));
	printf("leader %d foreground %d\n", getsid(0) == getpid(), tcgetpgrp(0) == getpid());
	for (int fd = 3; fd < 20; fd++)
		if (!ttyname(fd) && errno != EBADF && errno != ENOTTY)
			printf("descriptor %d: %s\n", fd, strerror(errno));
		else if (ttyname(fd))
			printf("descriptor %d\n", fd);
	fflush(stdout);
	exit(5);
}

static void probe(int with_settings)
{
	char name[256] = "", text[4096];
	int master = -1, status;
	struct winsize size = {.ws_row = 11, .ws_col = 22};
	struct termios termios;
	memset(&termios, 0, sizeof termios);
	cfmakeraw(&termios);
	termios.c_cflag |= CREAD;

	pid_t pid = forkpty(
		&master, name, with_settings ? &termios : NULL, with_settings ? &size : NULL);
	if (pid < 0) {
		printf("error %s, master %d\n", strerror(errno), master);
		return;
	}
	if (pid == 0)
		child(name);
	for (ssize_t n; (n = read(master, text, sizeof text)) > 0;)
		fwrite(text, 1, (size_t)n, stdout);
	waitpid(pid, &status, 0);
	printf("ended %#x\n", status);
	close(master);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	probe(0);
	probe(1);
	close(0);
	probe(0);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, 3});
	probe(0);
	return 0;
}
