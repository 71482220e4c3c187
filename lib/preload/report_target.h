/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_REPORT_TARGET_H
#define PRELOAD_REPORT_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/*
 * Where SAFESPAWN_REPORT sends the report:
 *
 *   FILE          a line is appended to the file
 *   -             standard error of each process
 *   -DEV:INO      standard error, where it is this very file (hexadecimal). A parent may read
 *                 its child's standard error: Tcl's exec takes any text there for a failure.
 *   -DEV:INO/PATH the path, where it leads to this very file: /dev/fd/63 is another one in each
 *                 process
 */
struct report_target {
	const char *path; /* NULL: standard error */
	bool only_this;   /* dev and ino count */
	dev_t dev;
	ino_t ino;
};

/* Pure. The path points into text. */
struct report_target report_target_parse(const char *text);

/* Pure. Writes -DEV:INO and, unless it is "", the path. Returns the length as snprintf does. */
int report_target_format(char *out, size_t size, const struct stat *file, const char *path);

/* Pure. 1 or 2 for a name of standard output or error, else -1. */
int report_target_descriptor(const char *name);

/* Pure. Whether the report may go to that file. */
bool report_target_is(const struct report_target *target, const struct stat *file);

#endif
