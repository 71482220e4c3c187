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
 *  3. What the child has done to mappings itself stays.
 *  4. The heuristic overcommit mode refuses more than RAM and swap at once, but not its halves.
 *  5. What is not resident in the parent is not read, because the read would make it resident.
 *  6. If memory is refused in the middle, the child goes on leanly. So a range is made accessible
 *     at once, or not at all.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/parent_charge.h"
#include "preload/leanfork/child_end.h"
#include "preload/leanfork/maps.h"
#include "preload/leanfork/child_memory.h"
#include "preload/leanfork/parent_plan.h"
#include "preload/leanfork/parent_survey.h"

#define STEP ((uintptr_t)256 << 10)       /* moved aside at a time */
#define READ_STEP ((uintptr_t)1 << 20)    /* read from the parent at a time */
#define STRETCH_MAX ((uintptr_t)32 << 20) /* a larger one stays a mapping of its own */

struct whole {
	struct lean *l;
	struct span pins[PINS];
	size_t n_pins;
	uintptr_t aside; /* addresses to move to */
	bool base;       /* the mapping that ends here can be enlarged */
};

static bool overlaps(const struct span *spans, size_t n, struct span at)
{
	for (size_t i = 0; i < n; i++)
		if (spans[i].start < at.end && at.start < spans[i].end)
			return true;
	return false;
}

static bool is_touched(const struct lean *l, struct span at)
{
	return overlaps(l->touched, l->n_touched, at);
}

/* Where the first pin in a span begins, or the span's end. */
static uintptr_t first_pin(const struct whole *w, struct span at)
{
	for (size_t i = 0; i < w->n_pins; i++)
		if (w->pins[i].start < at.end && at.start < w->pins[i].end)
			return w->pins[i].start > at.start ? w->pins[i].start : at.start;
	return at.end;
}

static bool enlarge(uintptr_t at, uintptr_t len)
{
	uintptr_t last = at - PAGE;
	return gate4(SYS_mremap, last, PAGE, PAGE + len, 0) == (long)last;
}

static bool map_anew(uintptr_t at, uintptr_t len)
{
	return gate6(SYS_mmap, at, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (long)at;
}

/* Hazard 4. Returns how far it has come. */
static uintptr_t piecewise(bool (*extend)(uintptr_t at, uintptr_t len), struct span at)
{
	uintptr_t pages = (at.end - at.start) / PAGE;
	while (at.start < at.end && pages > 0) {
		if (extend(at.start, pages * PAGE)) {
			at.start += pages * PAGE;
			pages = (at.end - at.start) / PAGE;
		} else {
			pages /= 2;
		}
	}
	return at.start;
}

static void reserve_again(struct span at)
{
	gate6(SYS_mmap, at.start, at.end - at.start, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/* Hazard 6. */
static bool make_accessible(const struct whole *w, struct span at)
{
	uintptr_t reached = at.start;
	gate2(SYS_munmap, at.start, at.end - at.start);
	if (w->base)
		reached = piecewise(enlarge, at);
	if (reached < at.end)
		reached = piecewise(map_anew, (struct span){reached, at.end});
	if (reached < at.end)
		reserve_again(at);
	return reached == at.end;
}

static void read_region(struct lean *l, struct span at)
{
	while (at.start < at.end) {
		uintptr_t stop = at.end - at.start > READ_STEP ? at.start + READ_STEP : at.end;
		struct span step = {at.start, stop};
		if (memory_read(l, step, (void *)at.start))
			atomic_fetch_add(&l->mail->brought, (uint32_t)((stop - at.start) / CHUNK));
		else
			for (uintptr_t next; step.start < stop; step.start = next) {
				next = (step.start & ~(CHUNK - 1)) + CHUNK;
				next = next < stop ? next : stop;
				memory_fetch(l, (struct span){step.start, next}, true);
			}
		at.start = stop;
	}
}

/* Calls `take`, which may be NULL, for all memory in a span. Returns how many bytes there are. */
static uint64_t go_over(struct lean *l, struct span at, void (*take)(struct lean *, struct span))
{
	struct region regions[REGIONS_MAX];
	uint64_t bytes = 0;
	while (at.start < at.end) {
		int n = survey_ask(l, &at, regions);
		if (n < 0)
			child_give_up(l, LEAN_PARENT);
		for (int i = 0; i < n; i++) {
			struct span span = {regions[i].start, regions[i].end};
			bool gone = regions[i].what & REGION_GONE;
			bytes += gone ? 0 : span.end - span.start;
			if (take && gone)
				memory_forbid(l, span);
			else if (take)
				take(l, span);
		}
	}
	return bytes;
}

static bool bring_absent(struct whole *w, struct span at)
{
	if (!make_accessible(w, at))
		return false;
	go_over(w->l, at, read_region);
	memory_settle(w->l, at.start, at.end - at.start);
	w->base = true;
	return true;
}

/* Inaccessible pages stay inaccessible. */
static void copy_back(struct lean *l, uintptr_t from, struct span at)
{
	long self = gate0(SYS_getpid);
	while (at.start < at.end) {
		struct {
			void *at;
			size_t len;
		} to = {(void *)at.start, at.end - at.start}, source = {(void *)from, to.len};
		long n = gate6(SYS_process_vm_readv, self, &to, 1, &source, 1, 0);
		uintptr_t good = n > 0 ? (uintptr_t)n & ~(PAGE - 1) : 0;
		if (at.start + good < at.end) {
			uintptr_t bad = at.start + good;
			memory_forbid(l, (struct span){bad, bad + PAGE});
			good += PAGE;
		}
		at.start += good;
		from += good;
	}
}

/* False: the memory has to stay where it is. */
static bool take_in(struct whole *w, struct span at)
{
	uintptr_t len = at.end - at.start;
	long moved = gate5(SYS_mremap, at.start, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, w->aside);
	if (moved != (long)w->aside)
		return false;
	if (!enlarge(at.start, len)) {
		gate5(SYS_mremap, w->aside, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, at.start);
		return false;
	}
	copy_back(w->l, w->aside, at);
	gate2(SYS_munmap, w->aside, len);
	return true;
}

/* Makes present memory part of the mapping below it, as far as possible. */
static void take_in_all(struct whole *w, struct span at)
{
	struct span last = {at.end - PAGE, at.end};
	bool whole = w->base && !is_touched(w->l, at) && at.end - at.start <= STRETCH_MAX;
	at.end = whole ? first_pin(w, at) : at.start;
	w->base = !is_touched(w->l, last);
	while (at.start < at.end) {
		uintptr_t stop = at.end - at.start > STEP ? at.start + STEP : at.end;
		if (!take_in(w, (struct span){at.start, stop}))
			return;
		at.start = stop;
	}
}

static bool do_range(struct whole *w, const struct range *range)
{
	uintptr_t at = range->at.start;
	while (at < range->at.end) {
		bool settled = memory_is_settled(w->l, range_chunk(range, at));
		uintptr_t stop =
			settled ? range_chunk_span(range, at).end : memory_run_end(w->l, range, at);
		if (settled)
			take_in_all(w, (struct span){at, stop});
		else if (!bring_absent(w, (struct span){at, stop}))
			return false;
		at = stop;
	}
	return true;
}

/* Takes in what was copied, up to the next range or the end of the mapping. */
static void do_stretch(struct whole *w, const struct range *range)
{
	const struct lean *l = w->l;
	uintptr_t stop = range->mapping_end;
	bool more = range + 1 < l->ranges + l->choice.n_ranges && range[1].at.start < stop;
	if (more)
		stop = range[1].at.start;
	take_in_all(w, (struct span){range->at.end, stop});
}

/* Hazard 3, as far as the kernel tells. */
static void note_foreign(void *context, const struct mapping *mapping)
{
	struct lean *l = context;
	size_t i = range_first(l->ranges, l->choice.n_ranges, mapping->at.start);
	if (mapping->kind == MAPPING_ANONYMOUS || mapping->kind == MAPPING_RESERVED ||
		i == l->choice.n_ranges || mapping->at.end <= l->ranges[i].at.start - PAGE)
		return;
	memory_touch(l, mapping->at.start, mapping->at.end - mapping->at.start);
}

static uint64_t resident(struct lean *l)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < l->choice.n_ranges; i++) {
		const struct range *range = &l->ranges[i];
		for (uintptr_t at = range->at.start, stop; at < range->at.end; at = stop) {
			stop = memory_run_end(l, range, at);
			if (!memory_is_settled(l, range_chunk(range, at)))
				bytes += go_over(l, (struct span){at, stop}, NULL);
		}
	}
	return bytes;
}

static bool do_all(struct lean *l)
{
	struct whole w = {.l = l};
	w.n_pins = plan_pins(l, w.pins);
	maps_read(l->text, sizeof l->text, note_foreign, l);
	long aside = gate6(SYS_mmap, 0, STEP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (aside < 0 && aside > -4096)
		return false;
	w.aside = (uintptr_t)aside;
	uintptr_t mapping_end = 0;
	bool done = true;
	for (size_t i = 0; done && i < l->choice.n_ranges; i++) {
		const struct range *range = &l->ranges[i];
		struct span below = {range->at.start - PAGE, range->at.start};
		if (range->at.start >= mapping_end)
			w.base = !is_touched(l, below);
		mapping_end = range->mapping_end;
		done = do_range(&w, range);
		if (done)
			do_stretch(&w, range);
	}
	gate2(SYS_munmap, w.aside, STEP);
	return done;
}

long memory_bring_all(struct lean *l)
{
	if (charge_refused(memory_absent(l)) || !charge_is_there(resident(l)))
		return -ENOMEM;
	return do_all(l) ? 0 : -ENOMEM;
}
