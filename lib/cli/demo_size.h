/* SPDX-License-Identifier: MIT */
#ifndef CLI_DEMO_SIZE_H
#define CLI_DEMO_SIZE_H

#include <stdint.h>

/* A mapping of this size fits into the address space, even with 32 bits. */
#define DEMO_ADDRESSES ((uint64_t)SIZE_MAX / 2)

/* The limits on a process of the demo, in bytes. UINT64_MAX: no limit. */
struct demo_room {
	uint64_t available; /* free memory, and caches that can be dropped */
	uint64_t cgroup;    /* left in its memory cgroups */
	uint64_t mappings;  /* RLIMIT_AS and RLIMIT_DATA */
	uint64_t promise;   /* left of the commit limit, in mode 2 */
};

/* Pure. The largest possible process. */
uint64_t demo_most(const struct demo_room *room);

/* Pure. The default size: other processes keep their memory, and a fork of it passes. */
uint64_t demo_size(const struct demo_room *room);

#endif
