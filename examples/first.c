/* SPDX-License-Identifier: MIT */
#include <safespawn.h>
#include <stdio.h>

int main(void)
{
	char *argv[] = {"df", "-P", "/", NULL};
	struct ss_io io = {.size = sizeof io, .timeout_ms = 5000};
	struct ss_result result = {.size = sizeof result};

	int error = ss_run(argv, NULL, &io, &result);
	if (error)
		perror("df");
	else
		printf("wait status %d, %zu bytes:\n%s", result.status, result.out_len, result.out);
	ss_result_free(&result);
	return error != 0;
}
