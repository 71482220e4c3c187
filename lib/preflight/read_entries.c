/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preflight/read.h"

/* As the kernel fills it in; readdir(3) would allocate 32 KiB. */
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

/* Whether to go on. */
static bool hand_out(const char *buffer, long n, entry_fn *fn, void *to)
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
	while (n > 0 && hand_out(buffer, n, fn, to));
	int error = n < 0 ? -errno : 0;
	close(fd);
	return error;
}
