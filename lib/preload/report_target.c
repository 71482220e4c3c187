/* SPDX-License-Identifier: MIT */
/* Where the report goes. */
#include "preload/report_target.h"

#include <stdio.h>
#include <string.h>

struct report_target report_target_parse(const char *text)
{
	struct report_target target = {.path = text};
	unsigned long long dev, ino;
	int n = 0;

	if (text[0] == '-' && !text[1]) {
		target.path = NULL;
	} else if (sscanf(text, "-%llx:%llx%n", &dev, &ino, &n) == 2 &&
		   (!text[n] || text[n] == '/')) {
		target.path = text[n] ? text + n : NULL;
		target.only_this = true;
		target.dev = (dev_t)dev;
		target.ino = (ino_t)ino;
	}
	return target;
}

int report_target_format(char *out, size_t size, const struct stat *file, const char *path)
{
	return snprintf(out, size, "-%llx:%llx%s", (unsigned long long)file->st_dev,
		(unsigned long long)file->st_ino, path);
}

int report_target_descriptor(const char *name)
{
	static const char *const names[] = {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1",
		"/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"};
	for (int i = 0; i < 6; i++)
		if (!strcmp(name, names[i]))
			return 1 + i / 3;
	return -1;
}

bool report_target_is(const struct report_target *target, const struct stat *file)
{
	return !target->only_this || (file->st_dev == target->dev && file->st_ino == target->ino);
}
