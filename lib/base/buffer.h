/* SPDX-License-Identifier: MIT */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* A text that grows. It is NUL-terminated as soon as it has any room. */
struct buffer {
	char *text;
	size_t len;
	size_t room;
	size_t limit; /* most bytes kept; 0: all */
	bool truncated;
};

/* Makes room behind the text: ss__buffer_spare bytes. 0 or -ENOMEM; the text stays. */
int ss__buffer_make_room(struct buffer *buffer);
/* Makes room for len bytes at once in an empty buffer without limit. */
int ss__buffer_reserve(struct buffer *buffer, size_t len);
size_t ss__buffer_spare(const struct buffer *buffer);

/* len bytes were written at text + old len. Bytes beyond the limit are dropped. */
void ss__buffer_added(struct buffer *buffer, size_t len);

/* Gives unused room back. */
void ss__buffer_trim(struct buffer *buffer);

void ss__buffer_free(struct buffer *buffer);

#endif
