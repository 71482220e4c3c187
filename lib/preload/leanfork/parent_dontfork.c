/* SPDX-License-Identifier: MIT */
/*
 * Memory is left out of a child by MADV_DONTFORK, which the program may have given itself, as it
 * may MADV_WIPEONFORK. The kernel tells that only together with much else that takes long; but it
 * keeps memory treated differently in different mappings, and advice that changes nothing parts
 * nothing. A range is the middle of a piece of one mapping, of which pages stay on either side.
 * Hazards:
 *
 * 1. The program's own advice must stay. It is there if the mapping does not part where advice is
 *    given here: then the range is left to the kernel.
 * 2. A child that another thread makes meanwhile, by a system call, lacks memory. It must never
 *    find zeros instead: memory is to be wiped only as long as it is left out.
 * 3. Another thread may give such advice for the whole of a mapping while the marks are set: then
 *    the pages that stay are parted from the range no longer, on neither side. If it comes just
 *    before a mark is cleared they are parted afterwards, until the range has it once more.
 *    But where it has mapped something anew at both ends of a range, there is a mark in between.
 * 4. It may have unmapped some of it, or mapped something else there, since the choice was made:
 *    what is no longer one mapping is not marked.
 * 5. What was never written to has no reverse mapping (anon_vma) yet. Where another thread writes to it
 *    on both sides of a mark, both sides get one of their own, and never merge again: so there is one
 *    before.
 * 6. No more mappings may be to be had (vm.max_map_count), for setting marks or, where two mappings
 *    became one, for clearing them: clearing others first makes room.
 */
#include "preload/leanfork/parent_dontfork.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define CLEARINGS 3
#define POPULATE_WRITE 23 /* newer than some headers */
#define HUGE ((uintptr_t)2 << 20)

static long advise(uintptr_t start, uintptr_t end, int advice)
{
	return gate3(SYS_madvise, start, end - start, advice);
}

/*
 * Whether all of it is one mapping, which goes on after `end`. mremap doesn't look beyond the end
 * of a mapping (EFAULT) and makes larger, where it is, only what ends where it was told (ENOMEM;
 * EAGAIN for locked memory). That is so only if another thread has just now unmapped the rest.
 */
static bool one_mapping(uintptr_t start, uintptr_t end)
{
	long r = gate4(SYS_mremap, start, end - start, end - start + PAGE, 0);
	if (r == (long)start)
		gate2(SYS_munmap, end, PAGE);
	return r == -ENOMEM || r == -EAGAIN || r == (long)start;
}

bool dontfork_joined(uintptr_t at)
{
	return one_mapping(at - PAGE, at + PAGE);
}

static bool parted(struct span at)
{
	return !dontfork_joined(at.start) && !dontfork_joined(at.end);
}

/* (3) After a mark has been cleared. Returns whether there was such advice. */
static bool give_again(struct span at, int advice, int opposite)
{
	if (!parted(at))
		return false;
	advise(at.start, at.end, advice);
	if (!parted(at))
		return true;
	advise(at.start, at.end, opposite);
	return false;
}

/* Tried out on memory of our own. */
bool dontfork_possible(struct lean *l)
{
	uintptr_t at = ((uintptr_t)l->alt + 2 * PAGE - 1) & ~(PAGE - 1);
	bool before = dontfork_joined(at);
	bool parts = advise(at, at + PAGE, MADV_DONTFORK) == 0 && !dontfork_joined(at);
	return advise(at, at + PAGE, MADV_DOFORK) == 0 && before && parts && dontfork_joined(at);
}

/* (1) (2) */
static bool is_wiped(struct span at)
{
	struct span inside = {at.start + PAGE, at.end};
	bool done = advise(inside.start, inside.end, MADV_WIPEONFORK) == 0;
	if (dontfork_joined(inside.start))
		return true;
	advise(inside.start, inside.end, MADV_KEEPONFORK);
	return give_again(inside, MADV_WIPEONFORK, MADV_KEEPONFORK) || !done;
}

/* (5) A page that stays is written to, as it were: one that is not the start or end of a huge page. */
static void give_reverse_mapping(struct span at)
{
	uintptr_t page = (at.start - PAGE) % HUGE ? at.start - PAGE : at.end;
	unsigned char resident = 0;
	if (gate3(SYS_mincore, page, PAGE, &resident) == 0 && !(resident & 1))
		advise(page, page + PAGE, POPULATE_WRITE);
}

static bool set(struct span at, bool threads)
{
	if (!one_mapping(at.start - PAGE, at.end + PAGE)) /* (4) */
		return false;
	if (threads)
		give_reverse_mapping(at);
	bool done = advise(at.start, at.end, MADV_DONTFORK) == 0;
	if (dontfork_joined(at.start)) /* (1) */
		return false;
	if (done && !is_wiped(at))
		return true;
	advise(at.start, at.end, MADV_DOFORK);
	give_again(at, MADV_DONTFORK, MADV_DOFORK);
	return false;
}

void dontfork_set(struct lean *l)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->choice.n_ranges; i++) {
		struct range range = l->ranges[i];
		if (!set(range.at, !l->alone))
			continue;
		l->result.bytes += range.at.end - range.at.start;
		l->ranges[kept++] = range;
	}
	l->choice.n_ranges = kept;
}

/* (3) Returns false if that has to be done again. */
static bool clear(struct span at)
{
	if (one_mapping(at.start - PAGE, at.end + PAGE))
		return true;
	if (advise(at.start, at.end, MADV_DOFORK) == -EAGAIN)
		return false;
	give_again(at, MADV_DONTFORK, MADV_DOFORK);
	return true;
}

void dontfork_clear(struct lean *l)
{
	bool cleared = false;
	for (int n = 0; n < CLEARINGS && !cleared; n++) {
		cleared = true;
		for (size_t i = 0; i < l->choice.n_ranges; i++)
			if (!clear(l->ranges[i].at))
				cleared = false;
	}
}

void dontfork_drop(struct lean *l, size_t range)
{
	struct span at = l->ranges[range].at;
	for (int n = 0; n < CLEARINGS && !clear(at); n++)
		;
	l->result.bytes -= at.end - at.start;
	l->choice.n_ranges--;
	for (size_t i = range; i < l->choice.n_ranges; i++)
		l->ranges[i] = l->ranges[i + 1];
}
