/* SPDX-License-Identifier: MIT */
/*
 * Could this process fork right now?
 *
 *     cc preflight.c -lsafespawn -o preflight && ./preflight 4G
 *
 * The argument is memory to fill first, so that there is something to copy. Ends with 0 if fork
 * would pass, 1 if it would not, 2 if that is too near to say.
 */
#include <safespawn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t size_of(const char *text)
{
	char *unit;
	size_t size = strtoul(text, &unit, 10);
	return *unit == 'G' ? size << 30 : *unit == 'M' ? size << 20 : size;
}

int main(int argc, char **argv)
{
	struct ss_preflight report = {.size = sizeof report};

	if (argc > 1) {
		size_t size = size_of(argv[1]);
		char *memory = malloc(size);
		if (!memory) {
			perror("malloc");
			return 1;
		}
		memset(memory, 1, size);
	}
	if (ss_preflight(&report, 0) != 0) {
		perror("ss_preflight");
		return 1;
	}
	ss_preflight_print(&report, stdout);

	/* What a program would do with it: fork where that is cheap, ss_spawn where it is not. */
	if (report.verdict == SS_FORK_OK && report.estimated_ns < 5000000)
		puts("fork if you like");
	else
		puts("use ss_spawn");
	return report.verdict == SS_FORK_OK ? 0 : report.verdict == SS_FORK_UNSURE ? 2 : 1;
}
