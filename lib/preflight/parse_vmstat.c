/* SPDX-License-Identifier: MIT */
#include "preflight/parse.h"

#define FIELD(key, member)                                                                         \
	{                                                                                          \
		key, offsetof(struct vmstat, member)                                               \
	}

void ss__parse_vmstat(void *to, const char *line)
{
	static const struct field fields[] = {
		FIELD("nr_free_pages", free),
		FIELD("nr_file_pages", file),
		FIELD("nr_shmem", shmem),
		FIELD("nr_slab_reclaimable", slab_reclaimable),
		FIELD("nr_kernel_misc_reclaimable", misc_reclaimable),
	};
	ss__parse_field(fields, sizeof fields / sizeof fields[0], line, to);
}
