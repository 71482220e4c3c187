/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_REPORT_H
#define PRELOAD_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "preload/report_counts.h"

/* Adds to a count by one atomic addition. Any thread, any context. */
void report_add(enum report_count what, uint64_t n);

/* Records the system call that ended the last lean child. */
void report_call(uint32_t nr);

/* Writes the current counts if a report is wanted. An interposed function calls it just before it
 * returns to the program, but never in a child that shares memory with its parent. Keeps errno. */
void report_publish(void);

/* For the child of a fork: counts from zero. Makes no system call. */
void report_child(void);

/* Called when the shim is loaded. */
void report_start(void);

/* The stream whose descriptor the report goes to; NULL: a file, or no report. Many programs close
 * it in exit, before the last line is due. Then report_last writes the line. */
extern FILE *report_stream;
void report_last(void);

#endif
