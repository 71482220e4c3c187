/* SPDX-License-Identifier: MIT */
/* How do I read what a command prints, line by line? */
#include <stdio.h>
#include <sys/wait.h>

#include <safespawn.h>

int main(void)
{
	char line[256];
	int lines = 0;
	FILE *f = ss_popen("ls -a / | sort", "re");
	if (!f) {
		perror("ls");
		return 1;
	}
	while (fgets(line, sizeof line, f))
		printf("%3d %s", ++lines, line);

	int status = ss_pclose(f);
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
