/* SPDX-License-Identifier: MIT */
/*
 * stubborn [child|polite-child]
 * Ignores SIGTERM and sleeps; says "ready" on stdout first. With "child" it starts a process that
 * does the same in its group and itself ends at SIGTERM; with "polite-child" that one takes 50 ms
 * to end after SIGTERM and then writes "bye". All of them end by and by.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { LONGER_THAN_A_TEST_S = 120 };

static volatile sig_atomic_t asked;

static void note(int sig)
{
	asked = sig;
}

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(1);
}

static void be_stubborn(void)
{
	signal(SIGTERM, SIG_IGN);
	say("ready\n");
	for (;;)
		pause();
}

static void be_polite(void)
{
	signal(SIGTERM, note);
	say("ready\n");
	while (!asked)
		usleep(1000);
	usleep(50000);
	say("bye\n");
	_exit(0);
}

int main(int argc, char **argv)
{
	alarm(LONGER_THAN_A_TEST_S);
	if (argc < 2)
		be_stubborn();
	if (fork() == 0) {
		alarm(LONGER_THAN_A_TEST_S);
		if (!strcmp(argv[1], "child"))
			be_stubborn();
		be_polite();
	}
	for (;;)
		pause();
}
