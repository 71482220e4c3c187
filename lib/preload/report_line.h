/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_REPORT_LINE_H
#define PRELOAD_REPORT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "preload/report.h"

/* Longest line, newline included: the largest numbers, and a name that is cut if need be. */
#define REPORT_LINE_MAX 1536

/* What a line of the report says. */
struct report_line {
	pid_t pid, ppid;
	const char *program;
	bool ended; /* by exit, so that these are the last figures */
	uint64_t elapsed_ns;
	int64_t call; /* a system call's number; -1: none */
	uint64_t counts[REPORT_COUNTS];
};

/* Pure. One JSON object and a newline, filled up with spaces before it to `width` (0: not at all).
 * Returns its length; no NUL. */
size_t report_line_format(char out[REPORT_LINE_MAX], const struct report_line *line, size_t width);

/* Pure. How a line of that process begins. Returns the length, as snprintf. */
int report_line_start(char *out, size_t size, pid_t pid);

#endif
