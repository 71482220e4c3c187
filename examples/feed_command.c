/* SPDX-License-Identifier: MIT */
/* How do I write to a command, and learn whether all of it arrived? */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include <safespawn.h>

int main(void)
{
	/* A command that ends early is then an error of ss_pclose, not the end of this program. */
	signal(SIGPIPE, SIG_IGN);

	char *const argv[] = {"sort", "-n", NULL};
	FILE *f = ss_popenv(argv, "we");
	if (!f) {
		perror("sort");
		return 1;
	}
	for (int i = 10; i > 0; i--)
		fprintf(f, "%d\n", i);

	int status = ss_pclose(f);
	if (status == -1)
		perror("sort");
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
