/* SPDX-License-Identifier: MIT */
#include "preload/leanfork/sites.h"

#include <stdatomic.h>
#include <stddef.h>

#define SITES 32
#define LEAST_PENALTY 8
#define MOST_PENALTY 4096

static struct site {
	_Atomic uintptr_t place;
	_Atomic uint32_t native;  /* forks still to be made natively */
	_Atomic uint32_t penalty; /* the last one */
} sites[SITES];

/* The place's entry, or the one that it may take. */
static struct site *find(uintptr_t place)
{
	size_t hash = (place >> 2 ^ place >> 12) % SITES;
	for (size_t i = 0; i < SITES; i++) {
		struct site *site = &sites[(hash + i) % SITES];
		uintptr_t there = atomic_load(&site->place);
		if (there == place || there == 0)
			return site;
	}
	return &sites[hash];
}

bool sites_allow(uintptr_t place)
{
	struct site *site = find(place);
	uint32_t native = atomic_load(&site->native);
	if (atomic_load(&site->place) != place || native == 0)
		return true;
	atomic_store(&site->native, native - 1);
	return false;
}

void sites_note(uintptr_t place, bool restarted)
{
	struct site *site = find(place);
	uint32_t penalty = atomic_load(&site->penalty);
	if (atomic_load(&site->place) != place) {
		if (!restarted)
			return;
		atomic_store(&site->place, place);
		penalty = 0;
	}
	if (restarted)
		penalty = penalty == 0             ? LEAST_PENALTY
			  : penalty < MOST_PENALTY ? penalty * 2
						   : MOST_PENALTY;
	else
		penalty /= 2;
	atomic_store(&site->penalty, penalty);
	if (restarted)
		atomic_store(&site->native, penalty);
}
