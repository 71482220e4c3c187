/* SPDX-License-Identifier: MIT */
#ifndef TEST_RECORD_H
#define TEST_RECORD_H

#include <stddef.h>

/*
 * What a case observes, as text: one line "key: value" each, in memory shared with the runner, so
 * that it needs no descriptor and outlives a crash.
 */
struct record {
	size_t used;
	char text[4 << 20];
};

extern struct record *record;

void say(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A result and, where it says that something failed, errno. */
void say_result(const char *key, int result);

/* Each line of a file as "key[n]: line". */
void say_file(const char *key, const char *path);

/* "none" or "some", ended or not. */
const char *children(void);

/* Everything of this process that a call could have changed for good. */
void say_process(const char *key);

#endif
