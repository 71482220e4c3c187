/* SPDX-License-Identifier: MIT */
/* Reads files of /proc, and finds lines and numbers in them. */
#include "preload/leanfork/proc.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "preload/leanfork/gate.h"

#define VALUES_MAX 4

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

/* How far a line is known: its first bytes are the name, and some of what follows is taken. */
struct progress {
	size_t matched, taken;
	bool other; /* another line */
};

static void take(struct proc_value *value, struct progress *p, char c)
{
	if (c == '\n') {
		*p = (struct progress){0};
	} else if (!p->other && value->name[p->matched]) {
		p->other = c != value->name[p->matched++];
	} else if (!p->other && p->taken < sizeof value->text - 1 &&
		   (p->taken || (c != ' ' && c != '\t'))) {
		value->text[p->taken++] = c;
		value->text[p->taken] = '\0';
	}
}

bool proc_values(const char *path, struct proc_value *values, size_t n)
{
	struct progress progress[VALUES_MAX] = {{0}};
	char text[512];
	long fd = gate4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0), got = 0;
	for (size_t i = 0; i < n; i++)
		values[i].text[0] = '\0';
	while (fd >= 0 && (got = gate3(SYS_read, fd, text, sizeof text)) > 0)
		for (size_t i = 0; i < n; i++)
			for (long at = 0; at < got; at++)
				take(&values[i], &progress[i], text[at]);
	if (fd >= 0)
		gate1(SYS_close, fd);
	return fd >= 0 && got == 0;
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
