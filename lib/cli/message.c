/* SPDX-License-Identifier: MIT */
/* Messages that all subcommands share. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

int cli_fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("safespawn: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return CLI_FAILED;
}

int cli_print(const char *a, const char *b)
{
	if (fputs(a, stdout) < 0 || fputs(b, stdout) < 0 || fflush(stdout) != 0)
		return cli_fail("cannot write to standard output");
	return CLI_OK;
}

/* See https://no-color.org. A dumb terminal has no colours either. */
bool cli_has_colours(FILE *to)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	return isatty(fileno(to)) && term && strcmp(term, "dumb") != 0 &&
	       !(no_colour && no_colour[0]);
}
