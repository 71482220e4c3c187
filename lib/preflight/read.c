/* SPDX-License-Identifier: MIT */
/* Reads files of /proc line by line, and lists numbered directories. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preflight/read.h"

int ss__source_open(struct source *source, const char *dir)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	source->live = source->has_cgroups = !dir;
	source->cgroup = -1;
	source->census = NULL;
	source->proc = open(dir ? dir : "/proc", flags);
	if (source->proc < 0)
		return -errno;
	if (source->live)
		source->cgroup = open(CGROUPS, flags);
	return 0;
}

void ss__source_close(struct source *source)
{
	if (source->cgroup >= 0)
		close(source->cgroup);
	close(source->proc);
}

static ssize_t read_some(int fd, char *to, size_t size)
{
	ssize_t n;
	do
		n = read(fd, to, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* A copy of /proc may contain anything, even a FIFO. */
static int open_file(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int read_all(int dir, const char *path, bool in_one, line_fn *fn, void *to)
{
	struct lines lines;
	size_t room;
	ssize_t n;
	int fd = open_file(dir, path);
	if (fd < 0)
		return fd;
	ss__lines_start(&lines);
	do {
		char *into = ss__lines_room(&lines, &room);
		n = read_some(fd, into, room);
		if (n > 0)
			ss__lines_took(&lines, (size_t)n, fn, to);
	} while (n > 0 && !(in_one && (size_t)n < room));
	close(fd);
	ss__lines_end(&lines, fn, to);
	return n < 0 ? (int)n : 0;
}

int ss__read_lines(int dir, const char *path, line_fn *fn, void *to)
{
	return read_all(dir, path, true, fn, to);
}

int ss__read_pieces(int dir, const char *path, line_fn *fn, void *to)
{
	return read_all(dir, path, false, fn, to);
}

ssize_t ss__read_text(int dir, const char *path, char *text, size_t size)
{
	int fd = open_file(dir, path);
	if (fd < 0)
		return fd;
	ssize_t n = read_some(fd, text, size - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n;
}

int ss__read_number(int dir, const char *path, uint64_t *value)
{
	char text[32];
	ssize_t n = ss__read_text(dir, path, text, sizeof text);
	if (n < 0)
		return (int)n;
	return ss__scan_limit(text, value) ? 0 : -EIO;
}

/* struct linux_dirent64. readdir(3) would allocate 32 KiB. */
struct entry {
	uint64_t inode;
	int64_t next;
	unsigned short length;
	unsigned char type;
	char name[];
};

static bool is_number(const char *s)
{
	if (*s < '1' || *s > '9')
		return false;
	while (*s >= '0' && *s <= '9')
		s++;
	return *s == '\0';
}

/* Returns whether to go on. */
static bool hand_out_entries(const char *buffer, long n, entry_fn *fn, void *to)
{
	bool more = true;
	for (long at = 0; more && at < n;) {
		const struct entry *e = (const void *)(buffer + at);
		if (is_number(e->name))
			more = fn(to, e->name);
		at += e->length;
	}
	return more;
}

int ss__read_numbered(int dir, const char *path, entry_fn *fn, void *to)
{
	_Alignas(struct entry) char buffer[1024];
	long n;
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do
		n = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
	while (n > 0 && hand_out_entries(buffer, n, fn, to));
	int error = n < 0 ? -errno : 0;
	close(fd);
	return error;
}
