/* SPDX-License-Identifier: MIT */
#ifndef TEST_TEMP_DIR_H
#define TEST_TEMP_DIR_H

#include <limits.h>
#include <sys/types.h>

/* A directory of a test's own, open to every user. It is removed with its contents. */
struct temp_dir {
	char path[256];
};

void temp_dir_make(struct temp_dir *dir);
void temp_dir_remove(struct temp_dir *dir);

/* The path of a name in it. */
void temp_dir_path(const struct temp_dir *dir, const char *name, char path[PATH_MAX]);

/* Files in it; directories on the way are made. put makes one anew, with the text. */
void temp_dir_put(const struct temp_dir *dir, const char *name, const char *text);
void temp_dir_write(const struct temp_dir *dir, const char *name, const char *text, mode_t mode);
void temp_dir_copy(const struct temp_dir *dir, const char *name, const char *from, mode_t mode);

#endif
