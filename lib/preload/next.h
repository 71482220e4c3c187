/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_NEXT_H
#define PRELOAD_NEXT_H

#include <stdio.h>
#include <sys/types.h>

/*
 * The functions the shim stands in front of: those of the next library that has them, another
 * preload's or libc's. Looked up when the shim is loaded, or by the first call if a library's
 * constructor makes it even earlier; never in a child.
 */
int next_system(const char *command);
FILE *next_popen(const char *command, const char *mode);
int next_pclose(FILE *stream);
int next_fclose(FILE *stream);
pid_t next_fork(void);

/* Looks all of them up. */
void next_resolve(void);

#endif
