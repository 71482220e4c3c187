/* SPDX-License-Identifier: MIT */
#include "preflight/parse.h"

#define FIELD(key, member)                                                                         \
	{                                                                                          \
		key, offsetof(struct meminfo, member)                                              \
	}

void ss__parse_meminfo(void *to, const char *line)
{
	static const struct field fields[] = {
		FIELD("MemTotal", total),
		FIELD("MemFree", free),
		FIELD("Buffers", buffers),
		FIELD("Cached", cached),
		FIELD("SwapCached", swap_cached),
		FIELD("SwapTotal", swap_total),
		FIELD("SwapFree", swap_free),
		FIELD("Shmem", shmem),
		FIELD("KReclaimable", reclaimable),
		FIELD("SReclaimable", slab_reclaimable),
		FIELD("CommitLimit", commit_limit),
		FIELD("Committed_AS", committed),
		FIELD("Hugetlb", hugetlb),
		FIELD("HugePages_Total", huge_pages),
		FIELD("Hugepagesize", huge_page_size),
	};
	ss__parse_field(fields, sizeof fields / sizeof fields[0], line, to);
}
