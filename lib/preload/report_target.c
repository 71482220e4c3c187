/* SPDX-License-Identifier: MIT */
#include "preload/report_target.h"

#include <stdio.h>

struct report_target report_target_parse(const char *text)
{
	struct report_target target = {.path = text};
	unsigned long long dev, ino;
	char more;

	if (text[0] == '-' && !text[1]) {
		target.path = NULL;
	} else if (sscanf(text, "-%llx:%llx%c", &dev, &ino, &more) == 2) {
		target.path = NULL;
		target.only_this = true;
		target.dev = (dev_t)dev;
		target.ino = (ino_t)ino;
	}
	return target;
}

int report_target_format(char *out, size_t size, const struct stat *file)
{
	return snprintf(out, size, "-%llx:%llx", (unsigned long long)file->st_dev,
		(unsigned long long)file->st_ino);
}
