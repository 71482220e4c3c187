/* SPDX-License-Identifier: MIT */
#include "cli/meminfo.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int read_overcommit(int *mode)
{
	FILE *file = fopen("/proc/sys/vm/overcommit_memory", "re");
	if (!file)
		return -errno;
	int n = fscanf(file, "%d", mode);
	fclose(file);
	return n == 1 ? 0 : -EPROTO;
}

static void take_line(struct meminfo *info, const char *name, uint64_t bytes)
{
	if (!strcmp(name, "MemTotal:") || !strcmp(name, "SwapTotal:"))
		info->total_bytes += bytes;
	else if (!strcmp(name, "MemAvailable:"))
		info->available_bytes = bytes;
	else if (!strcmp(name, "CommitLimit:"))
		info->limit_bytes = bytes;
	else if (!strcmp(name, "Committed_AS:"))
		info->committed_bytes = bytes;
}

int meminfo_read(struct meminfo *info)
{
	char line[256], name[64];
	unsigned long long kib;
	FILE *file = fopen("/proc/meminfo", "re");
	if (!file)
		return -errno;
	memset(info, 0, sizeof *info);
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "%63s %llu", name, &kib) == 2)
			take_line(info, name, kib << 10);
	fclose(file);
	return read_overcommit(&info->overcommit);
}
