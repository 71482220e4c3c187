/* SPDX-License-Identifier: MIT */
#include "preload/leanfork/charge.h"

#include <stddef.h>

#include "preload/leanfork/lean.h"
#include "preload/leanfork/proc.h"
#include "preload/leanfork/ranges.h"

#define STRICT '2'
#define KIB 1024

static uint64_t line(const char *text, const char *name)
{
	const char *at = proc_line(text, name);
	return at ? proc_number(at) : 0;
}

/* A field of statm, in bytes. */
static uint64_t statm(int which)
{
	char text[256], *at = text;
	if (!proc_read(PROC_SELF "statm", text, sizeof text))
		return 0;
	for (; which > 0 && *at; at++)
		which -= *at == ' ';
	return proc_number(at) * PAGE;
}

/* A process is to leave a part of its size, up to a limit, for others to get at it. */
static uint64_t reserve(void)
{
	char text[32];
	uint64_t part = statm(0) / 32, most;
	if (!proc_read("/proc/sys/vm/user_reserve_kbytes", text, sizeof text))
		return 0;
	most = proc_number(text) * KIB;
	return part < most ? part : most;
}

bool charge_refused(uint64_t bytes)
{
	char text[4096];
	if (!proc_read("/proc/sys/vm/overcommit_memory", text, 8) || text[0] != STRICT)
		return false;
	if (!proc_read("/proc/meminfo", text, sizeof text))
		return false;
	uint64_t limit = line(text, "CommitLimit:") * KIB;
	uint64_t used = line(text, "Committed_AS:") * KIB;
	return limit != 0 && used + bytes + reserve() > limit;
}

bool charge_is_there(uint64_t bytes)
{
	char text[4096];
	if (!proc_read("/proc/meminfo", text, sizeof text) || !proc_line(text, "MemAvailable:"))
		return true;
	return bytes <= (line(text, "MemAvailable:") + line(text, "SwapFree:")) * KIB;
}

uint64_t charge_mapped(void)
{
	return statm(0);
}

uint64_t lean_estimate(void)
{
	return statm(5);
}

bool lean_refused(void)
{
	return !lean_is_child() && charge_refused(lean_estimate());
}
