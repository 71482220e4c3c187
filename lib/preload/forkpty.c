/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "preload/report.h"
#include "preload/visible.h"

/*
 * libc's forkpty forks inside libc, past the shim's fork. Written over calls that every libc has in
 * its main library, as openpty and login_tty of older ones are in libutil.
 */

struct pty {
	int master, slave;
	char name[64];
};

static int open_pty(struct pty *pty, const struct termios *termios, const struct winsize *size)
{
	pty->slave = -1;
	pty->master = posix_openpt(O_RDWR | O_NOCTTY);
	if (pty->master < 0)
		return -1;
	if (grantpt(pty->master) < 0 || unlockpt(pty->master) < 0)
		return -1;
	if ((errno = ptsname_r(pty->master, pty->name, sizeof pty->name)) != 0)
		return -1;
	pty->slave = open(pty->name, O_RDWR | O_NOCTTY);
	if (pty->slave < 0)
		return -1;
	if (termios)
		tcsetattr(pty->slave, TCSAFLUSH, termios);
	if (size)
		ioctl(pty->slave, TIOCSWINSZ, size);
	return 0;
}

static void close_pty(struct pty *pty)
{
	int error = errno;
	if (pty->master >= 0)
		close(pty->master);
	if (pty->slave >= 0)
		close(pty->slave);
	errno = error;
}

static void become_session(struct pty *pty)
{
	close(pty->master);
	setsid();
	if (ioctl(pty->slave, TIOCSCTTY, NULL) < 0)
		_exit(1);
	for (int fd = 0; fd <= 2; fd++)
		while (dup2(pty->slave, fd) < 0 && errno == EBUSY)
			;
	if (pty->slave > 2)
		close(pty->slave);
}

VISIBLE pid_t forkpty(
	int *master, char *name, const struct termios *termios, const struct winsize *size)
{
	struct pty pty;
	if (open_pty(&pty, termios, size) < 0) {
		close_pty(&pty);
		return -1;
	}
	report_add(REPORT_FORKPTY, 1);
	if (name) /* before the fork, as the child reads it too */
		strcpy(name, pty.name);
	pid_t pid = fork();
	if (pid < 0) {
		close_pty(&pty);
		return -1;
	}
	if (pid == 0) {
		become_session(&pty);
		return 0;
	}
	close(pty.slave);
	*master = pty.master;
	return pid;
}
