/* SPDX-License-Identifier: MIT */
#include "preload/leanfork/charge.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "preload/leanfork/gate.h"
#include "preload/leanfork/lean.h"
#include "preload/leanfork/ranges.h"

#define STRICT '2'
#define KIB 1024

/* The start of a file, and a NUL. False if there is none. */
static bool read_start(const char *path, char *text, size_t size)
{
	long fd = gate3(SYS_open, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	long n = gate3(SYS_read, fd, text, size - 1);
	gate1(SYS_close, fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* The first number from here on. */
static uint64_t number(const char *text)
{
	uint64_t n = 0;
	while (*text && (*text < '0' || *text > '9'))
		text++;
	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (uint64_t)(*text - '0');
	return n;
}

static bool starts_with(const char *text, const char *name)
{
	while (*name && *text == *name)
		text++, name++;
	return !*name;
}

static uint64_t line(const char *text, const char *name)
{
	for (; *text; text++)
		if (*text == '\n' && starts_with(text + 1, name))
			return number(text + 1);
	return 0;
}

/* A field of /proc/self/statm, in bytes. */
static uint64_t statm(int which)
{
	char text[256], *at = text;
	if (!read_start("/proc/self/statm", text, sizeof text))
		return 0;
	for (; which > 0 && *at; at++)
		which -= *at == ' ';
	return number(at) * PAGE;
}

/* A process is to leave a part of its size, up to a limit, for others to get at it. */
static uint64_t reserve(void)
{
	char text[32];
	uint64_t part = statm(0) / 32, most;
	if (!read_start("/proc/sys/vm/user_reserve_kbytes", text, sizeof text))
		return 0;
	most = number(text) * KIB;
	return part < most ? part : most;
}

bool charge_refused(uint64_t bytes)
{
	char text[4096];
	if (!read_start("/proc/sys/vm/overcommit_memory", text, 8) || text[0] != STRICT)
		return false;
	if (!read_start("/proc/meminfo", text, sizeof text))
		return false;
	uint64_t limit = line(text, "CommitLimit:") * KIB;
	uint64_t used = line(text, "Committed_AS:") * KIB;
	return limit != 0 && used + bytes + reserve() > limit;
}

uint64_t lean_estimate(void)
{
	return statm(5);
}

bool lean_refused(void)
{
	return !lean_is_child() && charge_refused(lean_estimate());
}
