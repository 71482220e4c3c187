/* SPDX-License-Identifier: MIT */
/*
 * Public structs that begin with their size: the members known to both sides are read and written.
 */
#include "base/sized.h"

#include <errno.h>
#include <string.h>

static size_t size_of(const void *given)
{
	size_t size;
	memcpy(&size, given, sizeof size);
	return size;
}

int ss__sized_check(const void *given, size_t first)
{
	if (size_of(given) > SIZED_MOST)
		return -E2BIG;
	return size_of(given) < first ? -EINVAL : 0;
}

int ss__sized_read(void *mine, size_t size, const void *given, size_t first)
{
	memset(mine, 0, size);
	if (!given)
		return 0;
	int error = ss__sized_check(given, first);
	if (error)
		return error;
	size_t theirs = size_of(given);
	memcpy(mine, given, theirs < size ? theirs : size);
	for (const char *tail = given; size < theirs; size++)
		if (tail[size])
			return -E2BIG;
	return 0;
}

void ss__sized_write(void *given, const void *mine, size_t size)
{
	size_t theirs = size_of(given);
	memset(given, 0, theirs);
	memcpy(given, mine, theirs < size ? theirs : size);
	memcpy(given, &theirs, sizeof theirs);
}
