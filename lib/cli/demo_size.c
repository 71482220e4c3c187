/* SPDX-License-Identifier: MIT */
/* How large the demo's process may be. */
#include "cli/demo_size.h"

#define DEFAULT_SIZE (UINT64_C(2) << 30)

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t demo_most(const struct demo_room *room)
{
	uint64_t memory = least(room->available, room->cgroup);
	uint64_t addresses = least(room->mappings, DEMO_ADDRESSES);
	return least(least(memory, addresses), room->promise);
}

/* fork asks for all promised memory a second time. */
uint64_t demo_size(const struct demo_room *room)
{
	struct demo_room half = *room;
	half.promise = room->promise / 3 * 2;
	return least(demo_most(&half) / 2, DEFAULT_SIZE) & ~UINT64_C(4095);
}
