/* SPDX-License-Identifier: MIT */
/* forkpty on the shim's fork, because libc's forkpty calls libc's fork directly. */
#include <errno.h>
#include <pty.h>
#include <unistd.h>

#include "preload/plt/plt.h"
#include "preload/next.h"
#include "preload/report.h"
#include "preload/sandbox.h"
#include "preload/exported.h"

static void close_both(int master, int slave)
{
	int saved_errno = errno;
	close(master);
	close(slave);
	errno = saved_errno;
}

EXPORTED pid_t forkpty(
	int *master, char *name, const struct termios *termios, const struct winsize *size)
{
	int ours, theirs;
	if (!lazy_bind() || sandbox_entered())
		return next_forkpty(master, name, termios, size);
	if (next_openpty(&ours, &theirs, name, termios, size) < 0)
		return -1;
	report_add(REPORT_FORKPTY, 1);
	pid_t pid = fork();
	if (pid < 0) {
		close_both(ours, theirs);
		return -1;
	}
	if (pid == 0) {
		close(ours);
		if (next_login_tty(theirs) < 0)
			_exit(1);
		return 0;
	}
	close(theirs);
	*master = ours;
	return pid;
}
