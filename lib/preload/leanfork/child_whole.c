/* SPDX-License-Identifier: MIT */
/*
 * A lean child becomes an ordinary process: what was left out comes in. Hazards:
 *
 *  1. What the kernel copied of a mapping has a reverse mapping (anon_vma) of its own in the child,
 *     and never merges. The program's mremap would find several mappings where it made one. So the
 *     copied piece below a range is enlarged over the range and all above it; it keeps all that the
 *     program has told the kernel of the mapping. What is in the way is moved aside, and its
 *     contents are copied back.
 *  2. The kernel writes to the thread's own block at any moment, and this code uses memory, too.
 *     These pages are not moved; what is above them is enlarged from there.
 *  3. What the child has done to mappings itself stays. A mapping that has little memory comes in
 *     as a whole before the child changes it. Of a larger one the pieces around the change stay
 *     mappings of their own.
 *  4. The heuristic overcommit mode refuses more than RAM and swap at once, but not its halves.
 *  5. What is not resident in the parent is not read, because the read would make it resident.
 *  6. If memory is refused in the middle, the child goes on leanly. So a range is made accessible
 *     at once, or not at all.
 *  7. The kernel may give a huge page for one small page that is written to. Where little of what
 *     was left out is resident, the child would get many times as much.
 */
#include <errno.h>

#include "preload/leanfork/child_enlarge.h"
#include "preload/leanfork/child_memory.h"
#include "preload/leanfork/maps.h"
#include "preload/leanfork/parent_charge.h"

/* The most that is worth bringing in for a change of a part. */
#define COMPLETE_MAX ((uint64_t)16 << 20)
#define LOOK_STEP ((uintptr_t)32 << 20)

/* The ranges of one mapping. */
struct group {
	struct range *first, *end;
};

static struct group group_of(const struct lean *l, struct range *range)
{
	struct range *all_end = l->ranges + l->choice.n_ranges;
	struct group group = {range, range + 1};
	while (group.first > l->ranges && group.first[-1].mapping_end == range->mapping_end)
		group.first--;
	while (group.end < all_end && group.end->mapping_end == range->mapping_end)
		group.end++;
	return group;
}

static bool do_range(struct enlarging *w, const struct range *range)
{
	uintptr_t at = range->at.start;
	while (at < range->at.end) {
		bool settled = memory_is_settled(w->l, range_chunk(range, at));
		uintptr_t stop =
			settled ? range_chunk_span(range, at).end : memory_run_end(w->l, range, at);
		if (settled)
			enlarge_over_present(w, (struct span){at, stop});
		else if (!enlarge_over_absent(w, (struct span){at, stop}))
			return false;
		at = stop;
	}
	return true;
}

/* With what was copied up to the next range or the end of the mapping. */
static bool do_group(struct enlarging *w, struct group group)
{
	struct span below = {group.first->at.start - PAGE, group.first->at.start};
	if (group.first->complete)
		return true;
	w->base = !memory_is_touched(w->l, below);
	for (struct range *range = group.first; range < group.end; range++) {
		uintptr_t stop = range + 1 < group.end ? range[1].at.start : range->mapping_end;
		if (!do_range(w, range))
			return false;
		enlarge_over_present(w, (struct span){range->at.end, stop});
	}
	for (struct range *range = group.first; range < group.end; range++)
		range->complete = true;
	return true;
}

/* Hazard 3, as far as the kernel tells. */
static void note_foreign(void *context, const struct mapping *mapping)
{
	struct lean *l = context;
	if (mapping->kind != MAPPING_ANONYMOUS && mapping->kind != MAPPING_RESERVED)
		memory_touch(l, mapping->at.start, mapping->at.end - mapping->at.start);
}

static bool do_groups(struct lean *l, struct range *range, const struct range *end, bool small)
{
	struct enlarging w = {.l = l, .small = small};
	bool done = true;
	maps_read(l->text, sizeof l->text, note_foreign, l);
	if (!enlarge_begin(&w))
		return false;
	while (done && range < end) {
		struct group group = group_of(l, range);
		done = do_group(&w, group);
		range = group.end;
	}
	enlarge_end(&w);
	return done;
}

/* How many bytes of a span the parent has; some number above `most` if it has more. To look at all
 * of a large mapping would take long. */
static uint64_t resident_of(struct lean *l, struct span at, uint64_t most)
{
	uint64_t bytes = 0;
	uintptr_t step = LOOK_STEP;
	while (at.start < at.end && bytes <= most) {
		uintptr_t stop = at.end - at.start > step ? at.start + step : at.end;
		uint64_t found = enlarge_resident(l, (struct span){at.start, stop});
		step = found ? step : step * 2;
		bytes += found;
		at.start = stop;
	}
	return bytes;
}

static uint64_t resident(
	struct lean *l, const struct range *range, const struct range *end, uint64_t most)
{
	uint64_t bytes = 0;
	for (; range < end; range++)
		for (uintptr_t at = range->at.start, stop; at < range->at.end && bytes <= most;
			at = stop) {
			stop = memory_run_end(l, range, at);
			if (!memory_is_settled(l, range_chunk(range, at)))
				bytes += resident_of(l, (struct span){at, stop}, most - bytes);
		}
	return bytes;
}

void memory_complete(struct lean *l, uintptr_t at, size_t len, bool replaces)
{
	uintptr_t end = at + len < at ? UINTPTR_MAX : at + len;
	struct range *range = l->ranges + memory_first_mapping(l, at);
	const struct range *all_end = l->ranges + l->choice.n_ranges;
	while (range < all_end && range->at.start - STAYS_BEFORE < end) {
		struct group group = group_of(l, range);
		bool gone = replaces && at <= group.first->at.start - STAYS_BEFORE &&
			    group.first->mapping_end <= end;
		if (!gone && !group.first->complete &&
			resident(l, group.first, group.end, COMPLETE_MAX) <= COMPLETE_MAX)
			do_groups(l, group.first, group.end, true);
		range = group.end;
	}
}

long memory_bring_all(struct lean *l)
{
	const struct range *end = l->ranges + l->choice.n_ranges;
	uint64_t absent = memory_absent(l);
	if (charge_refused(absent))
		return -ENOMEM;
	uint64_t bytes = resident(l, l->ranges, end, UINT64_MAX);
	bool small = bytes < absent / 2;
	return charge_is_there(bytes) && do_groups(l, l->ranges, end, small) ? 0 : -ENOMEM;
}
