/* SPDX-License-Identifier: MIT */
/* The arguments of the shell that runs a command. */
#include "stdio/shell.h"

#include <stddef.h>
#include <stdint.h>

void ss__shell_argv(char *argv[SHELL_ARGC], const char *command)
{
	static char sh[] = "sh", c[] = "-c", end_of_options[] = "--";

	argv[0] = sh;
	argv[1] = c;
	argv[2] = end_of_options;
	argv[3] = (char *)(uintptr_t)command; /* exec does not write to it */
	argv[4] = NULL;
}
