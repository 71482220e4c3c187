/* SPDX-License-Identifier: MIT */
#include <safespawn.h>
#include <stdio.h>

int main(void)
{
	char *argv[] = {"ls", "-l", "/", NULL};
	struct ss_child child;
	struct ss_failure failure;
	int status;

	if (ss_spawn(&child, argv, SS_OPTIONS(.cwd = "/tmp", .failure = &failure)) < 0) {
		fprintf(stderr, "%s: ", ss_stage_name(failure.stage));
		perror(argv[0]);
		return 1;
	}
	if (ss_wait(&child, &status, -1) < 0)
		status = -1;
	ss_release(&child);
	return status != 0;
}
