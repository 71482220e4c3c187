/* SPDX-License-Identifier: MIT */
/* Reads /proc/self/maps. */
#include "preload/leanfork/maps.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "preload/leanfork/gate.h"
#include "preload/leanfork/proc.h"

struct reader {
	char *text;
	size_t size;
	void (*take)(void *context, const struct mapping *mapping);
	void *context;
	bool in_line; /* the start of an overlong line has been taken */
};

static void take_line(struct reader *reader, const char *line, size_t len)
{
	struct mapping mapping;
	if (!reader->in_line && mapping_parse(&mapping, line, len))
		reader->take(reader->context, &mapping);
	reader->in_line = false;
}

/* Moves what follows the last whole line to the start of the text. Returns its length. Of a line
 * that fills all of the room only the start matters. */
static size_t take_lines(struct reader *reader, size_t len)
{
	size_t start = 0;
	for (size_t i = 0; i < len; i++) {
		if (reader->text[i] != '\n')
			continue;
		take_line(reader, reader->text + start, i - start);
		start = i + 1;
	}
	if (start == 0 && len == reader->size) {
		take_line(reader, reader->text, len);
		reader->in_line = true;
		return 0;
	}
	copy_bytes(reader->text, reader->text + start, len - start);
	return len - start;
}

bool maps_read(char *text, size_t size, void (*take)(void *context, const struct mapping *mapping),
	void *context)
{
	struct reader reader = {text, size, take, context, false};
	long fd = gate4(SYS_openat, AT_FDCWD, PROC_SELF "maps", O_RDONLY | O_CLOEXEC, 0);
	size_t len = 0;
	long n;
	if (fd < 0)
		return false;
	while ((n = gate3(SYS_read, fd, text + len, size - len)) > 0)
		len = take_lines(&reader, len + (size_t)n);
	gate1(SYS_close, fd);
	return n == 0;
}
