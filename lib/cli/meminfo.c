/* SPDX-License-Identifier: MIT */
/* The machine's memory for the demo, read by parts of preflight. */
#include "cli/meminfo.h"

#include "preflight/parse.h"
#include "preflight/read.h"

static int read_both(const struct source *source, struct meminfo *info, uint64_t *overcommit)
{
	int error = ss__read_lines(source->proc, "meminfo", ss__parse_meminfo, info);
	return error ? error
		     : ss__read_number(source->proc, "sys/vm/overcommit_memory", overcommit);
}

int machine_memory_read(struct machine_memory *memory)
{
	struct meminfo info = {0};
	struct source source;
	uint64_t overcommit;
	int error = ss__source_open(&source, NULL);
	if (error)
		return error;
	error = read_both(&source, &info, &overcommit);
	ss__source_close(&source);
	if (error)
		return error;
	*memory = (struct machine_memory){
		.overcommit = (int)overcommit,
		.total_bytes = (info.total + info.swap_total) << 10,
		.available_bytes = info.available << 10,
		.limit_bytes = info.commit_limit << 10,
		.committed_bytes = info.committed << 10,
	};
	return 0;
}
