/* SPDX-License-Identifier: MIT */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * What a child may change that others see: files of a directory, descriptions that it has from its
 * parent, a terminal, shared memory, another process, its parent itself.
 */
extern char world_file[], world_empty[], world_new[], world_dir[]; /* paths */
extern int world_fd; /* open for the file, to read and write, at an offset of 2 */
extern int world_pipe[2];
extern int world_terminal; /* the controlling one */
extern int world_sockets[2];
extern int world_watch; /* inotify, non-blocking: changes to files of the directory */
extern char *world_shared;
extern pid_t world_other; /* a child that waits */

/* The calling process becomes the leader of a session with that terminal. False: not here. */
bool world_make(void);
void world_drop(void);

/* A text that is the same as long as the world is. The caller frees it. */
char *world_describe(void);

#endif
