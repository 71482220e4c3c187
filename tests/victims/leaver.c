/* SPDX-License-Identifier: MIT */
/*
 * leaver [child]
 * Goes over to its parent's process group, says "ready" on stdout and sleeps. With "child" it leaves
 * a process behind in its own group, which ignores SIGTERM. Both end by and by.
 */
#include <signal.h>
#include <unistd.h>

enum { LONGER_THAN_A_TEST_S = 120 };

static void leave_one_behind(void)
{
	if (fork() > 0)
		return;
	signal(SIGTERM, SIG_IGN);
	alarm(LONGER_THAN_A_TEST_S);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		leave_one_behind();
	if (setpgid(0, getpgid(getppid())) < 0 || write(1, "ready\n", 6) < 0)
		return 1;
	sleep(LONGER_THAN_A_TEST_S);
	return 0;
}
