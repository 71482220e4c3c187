/* SPDX-License-Identifier: MIT */
/* The paths to try for a program. */
#include "engine/path.h"

#include <limits.h>
#include <string.h>

/* Measuring and writing share one walk, so `list` may be NULL. A path must not begin with "-", or
 * an interpreter would take it for an option: "./" goes in front. */
static size_t add(char *list, const char *dir, size_t dir_len, const char *file)
{
	size_t file_len = strlen(file);
	size_t dot = *(dir_len ? dir : file) == '-' ? 2 : 0;
	size_t slash = dir_len > 0 && dir[dir_len - 1] != '/';
	if (list) {
		memcpy(list, "./", dot);
		memcpy(list + dot, dir, dir_len);
		memcpy(list + dot + dir_len, "/", slash);
		memcpy(list + dot + dir_len + slash, file, file_len + 1);
	}
	return dot + dir_len + slash + file_len + 1;
}

static size_t add_elements(char *list, const char *file, const char *path)
{
	size_t used = 0;
	for (;;) {
		size_t len = strcspn(path, ":");
		char *to = list ? list + used : NULL;
		if (len == 0)
			used += add(to, ".", 1, file);
		else if (len < PATH_MAX)
			used += add(to, path, len, file);
		if (path[len] == '\0')
			return used;
		path += len + 1;
	}
}

static size_t walk(char *list, const char *file, const char *path)
{
	size_t used = 0;
	if (!path)
		used = *file ? add(list, "", 0, file) : 0;
	else if (*file)
		used = add_elements(list, file, path);
	if (list)
		list[used] = '\0';
	return used + 1;
}

size_t ss__path_candidates_size(const char *file, const char *path)
{
	return walk(NULL, file, path);
}

void ss__path_candidates(char *list, const char *file, const char *path)
{
	walk(list, file, path);
}
