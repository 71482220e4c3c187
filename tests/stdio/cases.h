/* SPDX-License-Identifier: MIT */
#ifndef TEST_CASES_H
#define TEST_CASES_H

#include <stdbool.h>

#include "lib.h"

/*
 * A case runs in a process of its own: group leader, in an empty directory, with /dev/null as
 * stdin, its output kept as part of the record, a fixed environment and default dispositions.
 */
struct test_case {
	const char *name;
	void (*run)(const struct lib *lib, int arg);
	int first, last; /* run with each of these as arg; named "name[arg]" if there are several */
};

#define CASE(f)                                                                                    \
	{                                                                                          \
#f, f, 0, 0                                                                        \
	}
#define CASES(f, first, last)                                                                      \
	{                                                                                          \
#f, f, first, last                                                                 \
	}

/* Each ends with an entry without a name. */
extern const struct test_case status_cases[], command_cases[], shell_cases[], signal_cases[];
extern const struct test_case fd_cases[], stream_cases[], mode_cases[], environment_cases[];
extern const struct test_case limit_cases[], cancel_cases[];

extern const char *show_self; /* path of the helper program */
extern const char *this_program;

/* The case can't be run here. */
_Noreturn void skip_case(const char *why);

/* A command line made by printf, valid for the rest of the case. */
const char *command_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* `exec show_self FILE`, the file then being said by say_seen. */
const char *show_command(const char *file);

/* The three ways to run a command, each saying all results; "popen w" closes without writing. */
void say_system(const struct lib *lib, const char *key, const char *command);
void say_popen(const struct lib *lib, const char *key, const char *command, const char *mode);
void say_all_ways(const struct lib *lib, const char *command);

/* Runs show_self in all ways and says what it saw. */
void say_seen_all_ways(const struct lib *lib);

/* popen, pclose that say what they return. */
FILE *said_popen(const struct lib *lib, const char *key, const char *command, const char *mode);
void said_pclose(const struct lib *lib, const char *key, FILE *stream);

#endif
