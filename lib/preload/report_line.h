/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_REPORT_LINE_H
#define PRELOAD_REPORT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "preload/report_counts.h"

/* The longest line with its newline: the largest numbers and a name that may be cut. */
#define REPORT_LINE_MAX 1536

/* The content of one line. */
struct report_line {
	pid_t pid, ppid;
	const char *program;
	bool ended; /* the process has called exit, so these counts are final */
	uint64_t elapsed_ns;
	int64_t call; /* a system call's number; -1: none */
	uint64_t counts[REPORT_COUNTS];
};

/* Pure. Writes one JSON object, spaces up to `width` (0: none) and a newline. No NUL. Returns the
 * length. */
size_t report_line_format(char out[REPORT_LINE_MAX], const struct report_line *line, size_t width);

/* Pure. Writes how the line of that process begins. Returns the length as snprintf does. */
int report_line_start(char *out, size_t size, pid_t pid);

#endif
