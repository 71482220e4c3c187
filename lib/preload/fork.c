/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "preload/next.h"
#include "preload/report.h"
#include "preload/visible.h"

VISIBLE pid_t fork(void)
{
	pid_t pid = next_fork();
	if (pid == 0) {
		report_child();
		return 0;
	}
	report_add(REPORT_FORK, 1);
	report_add(pid < 0 ? REPORT_FORK_FAILED : REPORT_FORK_NATIVE, 1);
	report_publish();
	return pid;
}
