/* SPDX-License-Identifier: MIT */
/* Remembers the call sites whose forks are better made natively. */
#include "preload/call_sites.h"

#include <stdatomic.h>
#include <stddef.h>

#define SITES 32
#define LEAST_PENALTY 8
#define LEAST_PENALTY_TIMED_OUT 256
#define MOST_PENALTY 4096

static struct site {
	_Atomic uintptr_t place;
	_Atomic uint32_t native;  /* native forks still to come */
	_Atomic uint32_t penalty; /* the number that the last failure cost */
} sites[SITES];

/* The entry of the call site, or the one that it may take. */
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

static uint32_t next_penalty(uint32_t penalty, enum site_outcome outcome)
{
	uint32_t least = outcome == SITE_TIMED_OUT ? LEAST_PENALTY_TIMED_OUT : LEAST_PENALTY;
	if (outcome == SITE_LEAN)
		return penalty / 2;
	if (penalty < least)
		return least;
	return penalty < MOST_PENALTY ? penalty * 2 : MOST_PENALTY;
}

void sites_note(uintptr_t place, enum site_outcome outcome)
{
	struct site *site = find(place);
	uint32_t penalty = atomic_load(&site->penalty);
	if (atomic_load(&site->place) != place) {
		if (outcome == SITE_LEAN)
			return;
		atomic_store(&site->place, place);
		penalty = 0;
	}
	penalty = next_penalty(penalty, outcome);
	atomic_store(&site->penalty, penalty);
	if (outcome != SITE_LEAN)
		atomic_store(&site->native, penalty);
}
