/* SPDX-License-Identifier: MIT */
/* How do I run a program on a terminal of its own, as script(1) and expect do? */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* posix_openpt */
#endif
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>

static int show(void *context, int stream, const char *data, size_t len)
{
	(void)context, (void)stream;
	return fwrite(data, 1, len, stdout) != len;
}

/* O_CLOEXEC: the child gets the other side only, and only as its 0 to 2. */
static int open_terminal(int *master, int *slave)
{
	const struct winsize size = {.ws_row = 24, .ws_col = 80};
	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0 || grantpt(*master) < 0 || unlockpt(*master) < 0)
		return -1;
	*slave = open(ptsname(*master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	return *slave < 0 ? -1 : ioctl(*slave, TIOCSWINSZ, &size);
}

int main(void)
{
	char *const argv[] = {
		"sh", "-c", "stty size; test -t 0 && read line && echo \"got $line\"", NULL};
	static const char input[] = "typed\n";
	struct ss_child child;
	int master, slave;
	/* What is typed waits in the terminal, which echoes it. */
	if (open_terminal(&master, &slave) < 0 || write(master, input, strlen(input)) < 0) {
		perror("terminal");
		return 1;
	}
	/* A session of its own, whose terminal it is: Ctrl-C is for the child alone. */
	if (ss_spawn(&child, argv,
		    SS_OPTIONS(.flags = SS_NEW_SESSION | SS_SET_TTY, .in = SS_FD(slave),
			    .out = SS_FD(slave), .err = SS_FD(slave), .tty = slave)) < 0) {
		perror("sh");
		return 1;
	}
	close(slave);
	child.out = master; /* ss_communicate reads and closes it */
	const struct ss_io io = {.size = sizeof io, .timeout_ms = 5000, .on_output = show};
	struct ss_result result = {.size = sizeof result};
	int r = ss_communicate(&child, &io, &result);
	if (r < 0)
		perror("sh");
	ss_release(&child);
	return r < 0 || result.status != 0;
}
