/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_REPORT_WRITE_H
#define PRELOAD_REPORT_WRITE_H

#include <sys/types.h>

#include "preload/report_line.h"
#include "preload/report_target.h"

/* Where the line of a process is, to overwrite it. */
struct report_place {
	pid_t pid; /* 0: there is none */
	dev_t dev;
	ino_t ino;
	off_t offset;
	size_t width;
};

/*
 * Writes the line. In a regular file a process has one line, kept up to date from the start, so
 * that it is there however the process ends. Elsewhere only the last line is written. A line that
 * cannot be written is lost.
 */
void report_write(struct report_place *place, const struct report_target *target,
	const struct report_line *line);

#endif
