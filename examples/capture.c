/* SPDX-License-Identifier: MIT */
/* How do I run a command with input and a time limit, and get what it prints? */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <safespawn.h>

int main(void)
{
	static const char text[] = "pear\napple\nplum\n";
	const struct ss_io io = {
		.size = sizeof io,
		.input = text,
		.input_len = strlen(text),
		.timeout_ms = 5000,
	};
	struct ss_result result = {.size = sizeof result};
	char *const argv[] = {"sort", NULL};
	if (ss_run(argv, NULL, &io, &result) < 0) {
		perror("sort");
		ss_result_free(&result); /* after a timeout it has what was read */
		return 1;
	}
	printf("%s", result.out);
	ss_result_free(&result);
	return WIFEXITED(result.status) ? WEXITSTATUS(result.status) : 1;
}
