/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_BUFFER_H
#define PROCESS_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* A text that grows; NUL-terminated past its length once something has been added. */
struct buffer {
	char *text;
	size_t len;
	size_t room;
	size_t limit; /* most bytes kept; 0: all */
	bool truncated;
};

/* Adds what fits under the limit. 0 or -ENOMEM; what was there stays. */
int buffer_add(struct buffer *buffer, const char *from, size_t len);

void buffer_free(struct buffer *buffer);

#endif
