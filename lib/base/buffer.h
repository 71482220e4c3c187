/* SPDX-License-Identifier: MIT */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* A text that grows; NUL-terminated past its length once there is room for anything. */
struct buffer {
	char *text;
	size_t len;
	size_t room;
	size_t limit; /* most bytes kept; 0: all */
	bool truncated;
};

/* Room for more, at text + len; ss__buffer_spare says how much. 0 or -ENOMEM; what was there stays. */
int ss__buffer_make_room(struct buffer *buffer);
/* Room for so much at once, in an empty buffer without limit. */
int ss__buffer_reserve(struct buffer *buffer, size_t len);
size_t ss__buffer_spare(const struct buffer *buffer);

/* So much has been written there. What is beyond the limit is dropped. */
void ss__buffer_added(struct buffer *buffer, size_t len);

/* Gives back the room that is not used. */
void ss__buffer_trim(struct buffer *buffer);

void ss__buffer_free(struct buffer *buffer);

#endif
