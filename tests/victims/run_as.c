/* SPDX-License-Identifier: MIT */
/* run_as USER: a statically linked program that shows a child's ids, as tests/api/user.c does. */
#include <stdio.h>
#include <string.h>

#include <safespawn.h>

int main(int argc, char **argv)
{
	char *const show[] = {(char[]){"sh"}, (char[]){"-c"},
		(char[]){"echo $(id -u) $(id -g) $(id -G | tr ' ' '\\n' | sort -n | tr '\\n' ' ')"},
		NULL};
	struct ss_failure failure;
	if (argc == 2 &&
		ss_run(show, SS_OPTIONS(.user = argv[1], .failure = &failure), NULL, NULL) == 0)
		return 0;
	fprintf(stderr, "%s: %s\n", ss_stage_name(failure.stage), strerror(failure.error));
	return 1;
}
