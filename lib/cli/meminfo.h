/* SPDX-License-Identifier: MIT */
#ifndef CLI_MEMINFO_H
#define CLI_MEMINFO_H

#include <stdint.h>

struct machine_memory {
	int overcommit;           /* vm.overcommit_memory */
	uint64_t total_bytes;     /* memory and swap */
	uint64_t available_bytes; /* free memory, and caches that can be dropped */
	uint64_t limit_bytes, committed_bytes;
};

/* 0 or -errno. */
int machine_memory_read(struct machine_memory *memory);

#endif
