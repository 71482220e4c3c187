/* SPDX-License-Identifier: MIT */
/* A text that grows as it is read, up to a limit. */
#include "base/buffer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* DROP_ROOM: bytes beyond the limit are read into this. Most pipes hold no more. */
enum { FIRST_ROOM = 4096, SECOND_ROOM = 131072, DROP_ROOM = 65536 };

static size_t most_room(const struct buffer *buffer)
{
	if (!buffer->limit || buffer->limit > PTRDIFF_MAX / 2)
		return PTRDIFF_MAX;
	return buffer->limit + 1 + DROP_ROOM;
}

static size_t next_room(const struct buffer *buffer)
{
	size_t room = buffer->room ? buffer->room * 2 : FIRST_ROOM;
	if (buffer->room && room < SECOND_ROOM)
		room = SECOND_ROOM;
	size_t most = most_room(buffer);
	return buffer->truncated || room > most ? most : room;
}

static int resize(struct buffer *buffer, size_t room)
{
	char *text = realloc(buffer->text, room);
	if (!text)
		return -ENOMEM;
	buffer->text = text;
	buffer->room = room;
	text[buffer->len] = '\0';
	return 0;
}

size_t ss__buffer_spare(const struct buffer *buffer)
{
	return buffer->room ? buffer->room - buffer->len - 1 : 0;
}

int ss__buffer_make_room(struct buffer *buffer)
{
	size_t spare = ss__buffer_spare(buffer);
	if (spare >= (buffer->truncated ? DROP_ROOM : 1))
		return 0;
	int error = resize(buffer, next_room(buffer));
	return spare ? 0 : error;
}

int ss__buffer_reserve(struct buffer *buffer, size_t len)
{
	return buffer->room > len ? 0 : resize(buffer, len + 1);
}

void ss__buffer_added(struct buffer *buffer, size_t len)
{
	buffer->len += len;
	if (buffer->limit && buffer->len > buffer->limit) {
		buffer->len = buffer->limit;
		buffer->truncated = true;
	}
	buffer->text[buffer->len] = '\0';
}

void ss__buffer_trim(struct buffer *buffer)
{
	if (buffer->text)
		resize(buffer, buffer->len + 1);
}

void ss__buffer_free(struct buffer *buffer)
{
	free(buffer->text);
	*buffer = (struct buffer){0};
}
