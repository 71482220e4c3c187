/* SPDX-License-Identifier: MIT */
/* How do I run fifty programs at a time, with a line that says how far they are? */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <safespawn.h>

enum { N = 50, TIMEOUT_MS = 10000 };

/* Each has a group of its own, so that ss_terminate takes what it has started, too. */
static void start(struct ss_child *child, int number)
{
	char script[64];
	snprintf(script, sizeof script, "sleep 0.%02d; exit %d", number, number % 10 == 9);
	char *const argv[] = {"sh", "-c", script, NULL};
	if (ss_spawn(child, argv,
		    SS_OPTIONS(.flags = SS_NEW_GROUP | SS_NEED_PIDFD, .in = SS_NULL, .out = SS_NULL,
			    .err = SS_NULL)) < 0) {
		perror("sh");
		exit(1);
	}
}

int main(void)
{
	struct ss_child children[N];
	struct pollfd ends[N];
	int running = N, failed = 0;
	for (int i = 0; i < N; i++) {
		start(&children[i], i);
		ends[i] = (struct pollfd){.fd = children[i].pidfd, .events = POLLIN};
	}
	while (running > 0 && poll(ends, N, TIMEOUT_MS) > 0) {
		for (int i = 0; i < N; i++) {
			int status;
			if (!ends[i].revents || ss_wait(&children[i], &status, 0) < 0)
				continue;
			ss_release(&children[i]);
			ends[i].fd = -1; /* poll leaves it out */
			running--;
			failed += status != 0;
		}
		fprintf(stderr, "\r%d of %d done, %d failed", N - running, N, failed);
	}
	fprintf(stderr, "\n");
	for (int i = 0; i < N; i++)
		if (ends[i].fd >= 0 && ss_terminate(&children[i], NULL, 100) == 0)
			ss_release(&children[i]);
	printf("%d passed, %d failed, %d timed out\n", N - running - failed, failed, running);
	return failed || running;
}
