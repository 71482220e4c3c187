/* SPDX-License-Identifier: MIT */
/*
 * MADV_DONTFORK leaves memory out of a child. The program may have given this advice itself, or
 * MADV_WIPEONFORK. Only smaps shows it, which takes long. But advice that changes a mapping splits
 * it, and advice that changes nothing does not. A range is the middle of a mapping: pages on either
 * side stay. Hazards:
 *
 *  1. The program's own advice must stay. If the mapping does not split where advice is given here,
 *     the program has given it: then the range is left to the kernel.
 *  2. A child that another thread makes meanwhile, by a system call, lacks memory. It must never
 *     find zeros instead, so memory is to be wiped only while it is left out.
 *  3. Another thread may advise a whole mapping while our advice is in force. To take our advice
 *     back then splits the mapping, on each side that is still part of it; to give the advice again
 *     joins it. The mapping may be a new one that ends inside the range. Other new mappings at both
 *     ends hide our advice in between.
 *  4. Another thread may have unmapped part of the range, or mapped something there, since the
 *     choice. What is no longer one mapping is not advised.
 *  5. A mapping that nobody has written to has no reverse mapping (anon_vma). If another thread
 *     writes on both sides of a border, each side gets its own, and the two never merge again. So
 *     the mapping gets one before.
 *  6. At vm.max_map_count no advice can be given, and none can be taken back where two mappings
 *     have become one. Taking back other advice first makes room.
 */
#include "preload/leanfork/parent_dontfork.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/joined.h"

#define CLEARINGS 3
#define POPULATE_WRITE 23 /* newer than some headers */
#define HUGE ((uintptr_t)2 << 20)

static long advise(uintptr_t start, uintptr_t end, int advice)
{
	return gate3(SYS_madvise, start, end - start, advice);
}

/* From the start of a range to where its mapping ends, or the range does. */
static struct span first_mapping(struct span at)
{
	struct span first = {at.start, at.start + PAGE};
	while (first.end < at.end) {
		uintptr_t pages = (at.end - first.end) / PAGE;
		uintptr_t middle = first.end + (pages + 1) / 2 * PAGE;
		if (is_one_mapping(first.start, middle))
			first.end = middle;
		else
			at.end = middle - PAGE;
	}
	return first;
}

/* From where the mapping at the end of a range starts, or the range does, to that end. */
static struct span last_mapping(struct span at)
{
	struct span last = {at.end - PAGE, at.end};
	while (at.start < last.start) {
		uintptr_t pages = (last.start - at.start) / PAGE;
		uintptr_t middle = last.start - (pages + 1) / 2 * PAGE;
		if (is_one_mapping(middle, last.end))
			last.start = middle;
		else
			at.start = middle + PAGE;
	}
	return last;
}

/* Advice stays if it joins a piece with what is beyond its border. */
static bool joins(struct span piece, uintptr_t border, int advice, int opposite)
{
	if (is_joined(border))
		return false;
	advise(piece.start, piece.end, advice);
	if (is_joined(border))
		return true;
	advise(piece.start, piece.end, opposite);
	return false;
}

/* (3) After advice was taken back. Returns whether there had been such advice. */
static bool give_again(struct span at, int advice, int opposite)
{
	bool at_start = !is_joined(at.start), at_end = !is_joined(at.end);
	if (is_one_mapping(at.start, at.end))
		return at_start && at_end &&
		       (joins(at, at.start, advice, opposite) ||
			       joins(at, at.end, advice, opposite));
	at_start = at_start && joins(first_mapping(at), at.start, advice, opposite);
	at_end = at_end && joins(last_mapping(at), at.end, advice, opposite);
	return at_start || at_end;
}

/* Tried on memory of our own. */
bool dontfork_possible(struct lean *l)
{
	uintptr_t at = ((uintptr_t)l->alt + 2 * PAGE - 1) & ~(PAGE - 1);
	bool before = is_joined(at);
	bool parts = advise(at, at + PAGE, MADV_DONTFORK) == 0 && !is_joined(at);
	return advise(at, at + PAGE, MADV_DOFORK) == 0 && before && parts && is_joined(at);
}

/* (1) (2) */
static bool is_wiped(struct span at, bool threads)
{
	struct span inside = {at.start + PAGE, at.end};
	bool done = advise(inside.start, inside.end, MADV_WIPEONFORK) == 0;
	if (!threads && is_joined(inside.start))
		return true;
	advise(inside.start, inside.end, MADV_KEEPONFORK);
	return (threads && give_again(inside, MADV_WIPEONFORK, MADV_KEEPONFORK)) || !done;
}

/* (5) The kernel writes to a page that stays, and is not at the end of a huge page, which would
 * split. A page that was only read is resident, too, so all are written to. */
static void give_reverse_mapping(struct span at)
{
	uintptr_t page = (at.start - PAGE) % HUGE ? at.start - PAGE : at.end;
	advise(page, page + PAGE, POPULATE_WRITE);
}

static bool set(struct span at, bool threads)
{
	if (!is_one_mapping(at.start - PAGE, at.end + PAGE)) /* (4) */
		return false;
	if (threads)
		give_reverse_mapping(at);
	bool done = advise(at.start, at.end, MADV_DONTFORK) == 0;
	bool start = !is_joined(at.start), end = !is_joined(at.end);
	if (!start && !end) /* (1) */
		return false;
	if (done && start && end && !is_wiped(at, threads))
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

/* (3) False: the advice has to be taken back once more. */
static bool clear(struct span at, bool threads)
{
	if (threads && is_one_mapping(at.start - PAGE, at.end + PAGE))
		return true;
	if (advise(at.start, at.end, MADV_DOFORK) == -EAGAIN)
		return false;
	if (threads)
		give_again(at, MADV_DONTFORK, MADV_DOFORK);
	return true;
}

void dontfork_clear(struct lean *l)
{
	bool cleared = false;
	for (int n = 0; n < CLEARINGS && !cleared; n++) {
		cleared = true;
		for (size_t i = 0; i < l->choice.n_ranges; i++)
			if (!clear(l->ranges[i].at, !l->alone))
				cleared = false;
	}
}

void dontfork_drop(struct lean *l, size_t range)
{
	struct span at = l->ranges[range].at;
	for (int n = 0; n < CLEARINGS && !clear(at, !l->alone); n++)
		;
	l->result.bytes -= at.end - at.start;
	l->choice.n_ranges--;
	for (size_t i = range; i < l->choice.n_ranges; i++)
		l->ranges[i] = l->ranges[i + 1];
}
