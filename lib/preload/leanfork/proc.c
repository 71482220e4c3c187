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

/* What follows this name at the start of the text, or NULL. */
static const char *after(const char *text, const char *name)
{
	while (*name && *text == *name)
		text++, name++;
	return *name ? NULL : text;
}

const char *proc_line(const char *text, const char *name)
{
	for (const char *at = text; *at; at++) {
		const char *rest = at == text || at[-1] == '\n' ? after(at, name) : NULL;
		if (rest)
			return rest;
	}
	return NULL;
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
