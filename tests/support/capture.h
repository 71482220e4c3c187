/* SPDX-License-Identifier: MIT */
#ifndef TEST_CAPTURE_H
#define TEST_CAPTURE_H

#include <stddef.h>
#include <sys/types.h>

/* The output and status of a program. Texts end with NUL, and are cut at their size. */
struct captured {
	int status; /* as wait(2) has it */
	char out[16384];
	char err[16384];
};

/*
 * Runs a program to its end, with nothing on its standard input, by plain fork and exec. changes:
 * NULL, or "NAME=VALUE" to set and "NAME" to unset in its environment, ended by NULL. It is killed
 * by SIGALRM after a minute, which patience() lengthens.
 */
void capture(struct captured *to, const char *const argv[], const char *const changes[]);

/* The same as another user: real and effective ids, no groups. For root only. */
void capture_as(
	struct captured *to, uid_t uid, const char *const argv[], const char *const changes[]);

#define CAPTURE(to, ...) capture(to, (const char *const[]){__VA_ARGS__, NULL}, NULL)
#define CHANGES(...) ((const char *const[]){__VA_ARGS__, NULL})

void assert_exited(const struct captured *captured, int code);
void assert_contains(const char *text, const char *part);

#endif
