/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_NEXT_H
#define PRELOAD_NEXT_H

#include <stdio.h>
#include <sys/types.h>

/*
 * The functions the shim stands in front of: those of the next library that has them, another
 * preload's or libc's. Looked up at the first call; fork, which a signal handler may call, when the
 * shim is loaded.
 */
FILE *next_popen(const char *command, const char *mode);
int next_pclose(FILE *stream);
int next_fclose(FILE *stream);
pid_t next_fork(void);

/* When the shim is loaded. */
void next_resolve(void);

#endif
