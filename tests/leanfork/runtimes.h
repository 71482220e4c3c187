/* SPDX-License-Identifier: MIT */
#ifndef TEST_RUNTIMES_H
#define TEST_RUNTIMES_H

#include <stddef.h>

/*
 * Interpreters that fork by themselves to run a command. Each script fills $MIB mebibytes, says
 * "filled", and then runs commands in all its ways, each of which prints its name; after what fails
 * it goes on.
 */
struct runtime {
	const char *name;
	const char *argv[6];
	const char *prints[5]; /* when all succeed */
};
extern const struct runtime runtimes[];
extern const size_t n_runtimes;

/* The path of a program, looked for as execvp does, or NULL. Valid until the next call. */
const char *program_path(const char *name);

#endif
