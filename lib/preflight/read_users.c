/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

struct count {
	uint64_t uid, own, all;
};

static void add_process(const struct source *source, const char *name, struct count *count)
{
	struct status st = {0};
	char path[32];
	if (name[0] < '1' || name[0] > '9' ||
		snprintf(path, sizeof path, "%s/status", name) >= (int)sizeof path)
		return;
	if (read_lines(source->proc, path, parse_status, &st) < 0)
		return;
	uint64_t threads = st.threads ? st.threads : 1;
	count->all += threads;
	if (st.uid == count->uid)
		count->own += threads;
}

int count_tasks(const struct source *source, uint64_t uid, uint64_t *own, uint64_t *all)
{
	_Alignas(struct entry) char buffer[1024];
	struct count count = {.uid = uid};
	long n;
	int fd = openat(source->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
		for (long at = 0; at < n;) {
			const struct entry *e = (const void *)(buffer + at);
			add_process(source, e->name, &count);
			at += e->length;
		}
	}
	int error = n < 0 ? -errno : 0;
	close(fd);
	*own = count.own;
	*all = count.all;
	return error;
}
