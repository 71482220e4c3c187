/* SPDX-License-Identifier: MIT */
/* Single values: task count, kernel version, CPU list, user namespace. */
#include <string.h>

#include "preflight/parse.h"

/* "0.07 0.12 0.06 1/87 16847": of 87 tasks in all */
int ss__parse_tasks(const char *loadavg, uint64_t *tasks)
{
	const char *slash = strchr(loadavg, '/');
	return slash && ss__scan_decimal(slash + 1, tasks);
}

int ss__parse_version(const char *release, unsigned *version)
{
	uint64_t major, minor;
	const char *s = ss__scan_decimal(release, &major);
	if (!s || *s != '.' || !ss__scan_decimal(s + 1, &minor) || major > 999 || minor > 999)
		return 0;
	*version = VERSION(major, minor);
	return 1;
}

int ss__parse_cpu_list(const char *list, uint64_t *cpus)
{
	uint64_t sum = 0;
	while (list && *list >= '0' && *list <= '9') {
		uint64_t first, last;
		list = ss__scan_decimal(list, &first);
		last = first;
		if (*list == '-')
			list = ss__scan_decimal(list + 1, &last);
		if (!list || last < first || last > 1 << 20)
			return 0;
		sum += last - first + 1;
		list += *list == ',';
	}
	if (sum > 0)
		*cpus = sum;
	return sum > 0;
}

/* cpu0, cpu1, ...; not the line of the sum. */
void ss__parse_stat_cpus(void *to, const char *line)
{
	struct cpu_count *c = to;
	if (!strncmp(line, "cpu", 3) && line[3] >= '0' && line[3] <= '9')
		c->cpus++;
}

bool ss__parse_full_uid_map(const char *map)
{
	uint64_t inside, outside, n;
	const char *s = ss__scan_decimal(map, &inside);
	s = s ? ss__scan_decimal(s, &outside) : NULL;
	return s && ss__scan_decimal(s, &n) && inside == 0 && outside == 0 && n == UINT32_MAX;
}

int ss__parse_namespace(const char *link, uint64_t *inode)
{
	uint64_t value;
	const char *bracket = strchr(link, '[');
	const char *end = bracket ? ss__scan_decimal(bracket + 1, &value) : NULL;
	if (!end || *end != ']')
		return 0;
	*inode = value;
	return 1;
}
