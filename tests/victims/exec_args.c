/* SPDX-License-Identifier: MIT */
/* Becomes the program its arguments name; without any it ends with 0. */
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 2)
		return 0;
	execvp(argv[1], argv + 1);
	return 126;
}
