/* SPDX-License-Identifier: MIT */
#ifndef TEST_KNOWN_H
#define TEST_KNOWN_H

/* A difference that is meant: the patterns are fnmatch's, the title is in the man page. */
struct known {
	const char *title;
	const char *test_case, *key, *libc, *ours;
};

/* For the libc that this is compiled with; ends with an entry without a title. */
extern const struct known known[];

/* The titles for all libcs. */
extern const char *const known_titles[];

#endif
