/* SPDX-License-Identifier: MIT */
/* Prints NAME=VALUE, or NAME alone where it is not set, for each argument. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *value = getenv(argv[i]);
		printf("%s%s%s\n", argv[i], value ? "=" : "", value ? value : "");
	}
	return 0;
}
