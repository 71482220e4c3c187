/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_REPORT_H
#define PRELOAD_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "preload/report_counts.h"

/* Counts. Any thread, any context: one atomic addition. */
void report_add(enum report_count what, uint64_t n);

/* Notes the system call for which the last lean fork was given up. */
void report_call(uint32_t nr);

/*
 * Writes the current counts if a report is wanted. An interposed function calls it last, before it
 * returns to the program, but never in a child that shares memory with its parent. Keeps errno.
 */
void report_publish(void);

/* Called in the new child of a fork, which counts from zero. Makes no system call. */
void report_child(void);

/* Called when the shim is loaded. */
void report_start(void);

/* The stream that the report goes to, by its descriptor; NULL: it goes to a file, or there is none.
 * Many a program closes it in its exit, before the last line is due: report_last is for that. */
extern FILE *report_stream;
void report_last(void);

#endif
