/* SPDX-License-Identifier: MIT */
/* spawns_twice FILE: spawns two children that end with 3, and writes their statuses to the file. */
#include <stdio.h>
#include <sys/wait.h>

#include <safespawn.h>

static int spawn_and_wait(void)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"exit 3"}, NULL};
	struct ss_child child;
	int status;
	if (ss_spawn(&child, argv, SS_OPTIONS(.out = SS_PIPE)) || ss_wait(&child, &status, -1))
		return -1;
	ss_release(&child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	FILE *to = argc > 1 ? fopen(argv[1], "we") : NULL;
	if (!to)
		return 2;
	int first = spawn_and_wait(), second = spawn_and_wait();
	fprintf(to, "%d %d\n", first, second);
	return fclose(to) != 0;
}
