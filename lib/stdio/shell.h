/* SPDX-License-Identifier: MIT */
#ifndef STDIO_SHELL_H
#define STDIO_SHELL_H

#define SHELL "/bin/sh"
#define SHELL_ARGC 5

/* `sh -c -- command`: "--", because a command may start with "-". */
void ss__shell_argv(char *argv[SHELL_ARGC], const char *command);

#endif
