/* SPDX-License-Identifier: MIT */
/* How do I ask a command one thing after another? */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <safespawn.h>

int main(void)
{
	static const char *const questions[] = {"1 2", "20 22", "-5 5"};
	char answer[64];
	FILE *f = ss_popen("while read a b; do echo $((a + b)); done; echo goodbye", "r+e");
	if (!f) {
		perror("sh");
		return 1;
	}
	for (int i = 0; i < 3; i++) {
		fprintf(f, "%s\n", questions[i]);
		fflush(f); /* before one reads what was asked for */
		if (fgets(answer, sizeof answer, f))
			printf("%s: %s", questions[i], answer);
	}
	shutdown(fileno(f), SHUT_WR); /* the command's input ends, its output does not */
	while (fgets(answer, sizeof answer, f))
		fputs(answer, stdout);

	int status = ss_pclose(f);
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
