/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "preflight/read.h"

struct count {
	const struct source *source;
	uint64_t uid, own, all;
};

static bool add_process(void *to, const char *pid)
{
	struct count *count = to;
	struct status st = {0};
	char path[32];
	if (snprintf(path, sizeof path, "%s/status", pid) >= (int)sizeof path ||
		read_lines(count->source->proc, path, parse_status, &st) < 0)
		return true;
	uint64_t threads = st.threads ? st.threads : 1;
	count->all += threads;
	if (st.uid == count->uid)
		count->own += threads;
	return true;
}

int count_tasks(const struct source *source, uint64_t uid, uint64_t *own, uint64_t *all)
{
	struct count count = {.source = source, .uid = uid};
	int error = read_numbered(source->proc, ".", add_process, &count);
	*own = count.own;
	*all = count.all;
	return error;
}
