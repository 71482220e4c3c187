/* SPDX-License-Identifier: MIT */
/* Reads files of /proc, and finds lines and numbers in them. */
#include "preload/leanfork/proc.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "preload/leanfork/gate.h"

bool proc_read(const char *path, char *text, size_t size)
{
	long fd = gate4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	long n = gate3(SYS_read, fd, text, size - 1);
	gate1(SYS_close, fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

struct reader {
	char *text;
	size_t size;
	bool (*take)(void *context, const char *line, size_t len);
	void *context;
	bool in_line; /* the start of an overlong line has been taken */
	bool done;
};

static void take_line(struct reader *reader, const char *line, size_t len)
{
	if (!reader->in_line)
		reader->done = !reader->take(reader->context, line, len);
	reader->in_line = false;
}

/* Moves what follows the last whole line to the start of the text. Returns its length. */
static size_t take_lines(struct reader *reader, size_t len)
{
	size_t start = 0;
	for (size_t i = 0; i < len && !reader->done; i++) {
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

bool proc_lines(const char *path, char *text, size_t size,
	bool (*take)(void *context, const char *line, size_t len), void *context)
{
	struct reader reader = {text, size, take, context, false, false};
	long fd = gate4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0), n = 0;
	size_t len = 0;
	if (fd < 0)
		return false;
	while (!reader.done && (n = gate3(SYS_read, fd, text + len, size - len)) > 0)
		len = take_lines(&reader, len + (size_t)n);
	gate1(SYS_close, fd);
	return reader.done || n == 0;
}

/* What a line has after a name and blanks; NULL: it has another name. */
static const char *after_name(const char *line, const char *end, const char *name)
{
	for (; *name; name++, line++)
		if (line == end || *line != *name)
			return NULL;
	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	return line;
}

struct search {
	struct proc_value *values;
	size_t n, found;
};

static bool take_value(void *context, const char *line, size_t len)
{
	struct search *search = context;
	for (size_t i = 0; i < search->n; i++) {
		struct proc_value *value = &search->values[i];
		const char *at = after_name(line, line + len, value->name);
		if (!at || value->text[0])
			continue;
		size_t size = (size_t)(line + len - at);
		size = size < sizeof value->text ? size : sizeof value->text - 1;
		copy_bytes(value->text, at, size);
		value->text[size] = '\0';
		search->found++;
	}
	return search->found < search->n;
}

bool proc_values(const char *path, struct proc_value *values, size_t n)
{
	struct search search = {values, n, 0};
	char text[1024];
	for (size_t i = 0; i < n; i++)
		values[i].text[0] = '\0';
	return proc_lines(path, text, sizeof text, take_value, &search);
}

uint64_t proc_number(const char *text)
{
	uint64_t n = 0;
	while (*text && (*text < '0' || *text > '9'))
		text++;
	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (uint64_t)(*text - '0');
	return n;
}

long proc_readlink(const char *path, char *target, size_t size)
{
#ifdef SYS_readlink
	return gate3(SYS_readlink, path, target, size);
#else
	return gate4(SYS_readlinkat, AT_FDCWD, path, target, size);
#endif
}

bool proc_next_child_is_first(void)
{
	char name[64];
	return proc_readlink(PROC_SELF "ns/pid_for_children", name, sizeof name) < 0 &&
	       proc_readlink(PROC_SELF "ns/pid", name, sizeof name) > 0;
}
