/* SPDX-License-Identifier: MIT */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

/* As in env(1); otherwise the program's own status. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 125,     /* safespawn's own failure */
	CLI_CANNOT_RUN = 126, /* found, but cannot be run */
	CLI_NOT_FOUND = 127
};

/* "safespawn: ..." and a newline on stderr; returns CLI_FAILED. */
__attribute__((format(printf, 1, 2))) int cli_fail(const char *format, ...);

/* Prints both texts on standard output. Output that does not arrive is a failure, even on
 * /dev/full. */
int cli_print(const char *a, const char *b);

/* Whether words may be coloured there. */
bool cli_has_colours(FILE *to);

/* Prints the summary of all subcommands. Returns the exit status. */
int cli_help(void);

/* The subcommands: argv[0] is the subcommand's name. They return the exit status. */
int cli_run(int argc, char **argv);
int cli_preflight(int argc, char **argv);
int cli_demo(int argc, char **argv);

#endif
