/* SPDX-License-Identifier: MIT */
/* How do I keep a program running, and wait longer each time when it keeps failing? */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include <safespawn.h>

enum { FIRST_MS = 10, MOST_TRIES = 5, GOOD_RUN_S = 10 };

static volatile sig_atomic_t asked_to_end;

static void note(int sig)
{
	asked_to_end = sig;
}

static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* How it ended; a signal to us ends it. */
static int run(char *const argv[])
{
	struct ss_child child;
	int status = 0;
	if (ss_spawn(&child, argv, SS_OPTIONS(.flags = SS_NEW_GROUP)) < 0) {
		perror(argv[0]);
		return -1;
	}
	while (ss_wait(&child, &status, 1000) < 0 && (errno == EINTR || errno == ETIMEDOUT))
		if (asked_to_end && ss_terminate(&child, &status, 3000) == 0)
			break;
	ss_release(&child);
	return status;
}

int main(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: waits end */
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	int wait_ms = FIRST_MS;
	for (int tries = 1; argc > 1 && !asked_to_end; tries++) {
		time_t start = time(NULL);
		int status = run(argv + 1);
		if (asked_to_end || status == 0)
			return 0;
		if (time(NULL) - start >= GOOD_RUN_S) {
			tries = 1;
			wait_ms = FIRST_MS;
		}
		if (tries == MOST_TRIES)
			break;
		printf("wait status %#x: again in %d ms\n", (unsigned)status, wait_ms);
		pause_ms(wait_ms);
		wait_ms *= 2;
	}
	printf("given up\n");
	return 1;
}
