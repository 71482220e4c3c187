/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_REPORT_TARGET_H
#define PRELOAD_REPORT_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/*
 * Where SAFESPAWN_REPORT sends the report:
 *   FILE          a line is appended to it
 *   -             standard error of each process
 *   -DEV:INO      the same, where standard error is this very file (hexadecimal). What a program
 *                 reads from a child's standard error is no place for a report: Tcl's exec takes
 *                 it for a failure.
 */
struct report_target {
	const char *path; /* NULL: standard error */
	bool only_this;
	dev_t dev;
	ino_t ino;
};

/* Pure. The path points into text. */
struct report_target report_target_parse(const char *text);

/* Pure. The text for -DEV:INO. Returns its length, as snprintf. */
int report_target_format(char *out, size_t size, const struct stat *file);

#endif
