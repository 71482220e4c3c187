/* SPDX-License-Identifier: MIT */
#ifndef CLI_DEMO_SIZE_H
#define CLI_DEMO_SIZE_H

#include <stdint.h>

/* A mapping of this size has room in the address space, even where that has 32 bits. */
#define DEMO_ADDRESSES ((uint64_t)SIZE_MAX / 2)

/* What there is for a process of the demo, in bytes. UINT64_MAX: no limit. */
struct demo_room {
	uint64_t available; /* memory that drives nobody out */
	uint64_t cgroup;    /* left in its memory cgroups */
	uint64_t mappings;  /* RLIMIT_AS and RLIMIT_DATA */
	uint64_t promise;   /* what is left to promise, where that counts */
};

/* Pure. No process can be larger. */
uint64_t demo_most(const struct demo_room *room);

/* Pure. How large it is unless one says: nobody is to suffer, and what it forks has to pass. */
uint64_t demo_size(const struct demo_room *room);

#endif
