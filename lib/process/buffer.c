/* SPDX-License-Identifier: MIT */
#include "process/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int make_room(struct buffer *buffer, size_t needed)
{
	if (needed <= buffer->room)
		return 0;
	size_t room = buffer->room ? buffer->room : 256;
	while (room < needed)
		room *= 2;
	char *text = realloc(buffer->text, room);
	if (!text)
		return -ENOMEM;
	buffer->text = text;
	buffer->room = room;
	return 0;
}

int buffer_add(struct buffer *buffer, const char *from, size_t len)
{
	if (buffer->limit && len > buffer->limit - buffer->len) {
		len = buffer->limit - buffer->len;
		buffer->truncated = true;
	}
	int error = make_room(buffer, buffer->len + len + 1);
	if (error)
		return error;
	memcpy(buffer->text + buffer->len, from, len);
	buffer->len += len;
	buffer->text[buffer->len] = '\0';
	return 0;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->text);
	*buffer = (struct buffer){0};
}
