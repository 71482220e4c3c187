/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_REPORT_WRITE_H
#define PRELOAD_REPORT_WRITE_H

#include <sys/types.h>

#include "preload/report_line.h"
#include "preload/report_target.h"

/* Where in which file a process has its line, so that the next one goes over it. */
struct report_place {
	pid_t pid; /* 0: has none */
	dev_t dev;
	ino_t ino;
	off_t offset;
	size_t width;
};

/*
 * Puts the line where it belongs. In a regular file a process has one line, made when it starts
 * and kept up to date from then on, so that it is there however the process ends; elsewhere only
 * the last line is written. What cannot be written is lost, silently.
 */
void report_write(struct report_place *place, const struct report_target *target,
	const struct report_line *line);

#endif
