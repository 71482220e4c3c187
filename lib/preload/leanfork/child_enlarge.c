/* SPDX-License-Identifier: MIT */
/* Enlarges what the kernel copied of a mapping over what was left out. The hazards stand in
 * child_whole.c. */
#include "preload/leanfork/child_enlarge.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "preload/leanfork/child_end.h"
#include "preload/leanfork/child_memory.h"
#include "preload/leanfork/parent_plan.h"
#include "preload/leanfork/parent_survey.h"

#define STEP ((uintptr_t)256 << 10)       /* moved aside at a time */
#define READ_STEP ((uintptr_t)1 << 20)    /* read from the parent at a time */
#define STRETCH_MAX ((uintptr_t)32 << 20) /* a larger one stays a mapping of its own */

/* Where the first pin in a span begins, or the span's end. */
static uintptr_t first_pin(const struct enlarging *w, struct span at)
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
static bool make_accessible(const struct enlarging *w, struct span at)
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

bool enlarge_over_absent(struct enlarging *w, struct span at)
{
	if (!make_accessible(w, at))
		return false;
	go_over(w->l, at, read_region);
	memory_settle(w->l, at.start, at.end - at.start);
	w->base = true;
	return true;
}

static bool read_own(uintptr_t from, uintptr_t len, void *to)
{
	struct {
		void *at;
		size_t len;
	} local = {to, len}, source = {(void *)from, len};
	return gate6(SYS_process_vm_readv, gate0(SYS_getpid), &local, 1, &source, 1, 0) ==
	       (long)len;
}

/* Inaccessible pages stay inaccessible, and untouched ones untouched. */
static void copy_back(struct lean *l, uintptr_t from, struct span at)
{
	struct mailbox *mail = l->mail;
	for (uintptr_t stop; at.start < at.end; from += stop - at.start, at.start = stop) {
		stop = at.end - at.start > CHUNK ? at.start + CHUNK : at.end;
		mail->pages = UINT32_MAX;
		if (!read_own(from, stop - at.start, mail->buffer))
			for (uintptr_t i = 0; i < (stop - at.start) / PAGE; i++)
				if (!read_own(from + i * PAGE, PAGE, mail->buffer + i * PAGE))
					mail->pages &= ~(UINT32_C(1) << i);
		memory_fill(l, (struct span){at.start, stop});
	}
}

/* False: the memory has to stay where it is. */
static bool take_in(struct enlarging *w, struct span at)
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

void enlarge_over_present(struct enlarging *w, struct span at)
{
	struct span last = {at.end - PAGE, at.end};
	bool whole = w->base && !memory_is_touched(w->l, at) && at.end - at.start <= STRETCH_MAX;
	at.end = whole ? first_pin(w, at) : at.start;
	w->base = !memory_is_touched(w->l, last);
	while (at.start < at.end) {
		uintptr_t stop = at.end - at.start > STEP ? at.start + STEP : at.end;
		if (!take_in(w, (struct span){at.start, stop}))
			return;
		at.start = stop;
	}
}

uint64_t enlarge_resident(struct lean *l, struct span at)
{
	return go_over(l, at, NULL);
}

/* (7) */
static bool disable_huge_pages(void)
{
	return gate5(SYS_prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0 &&
	       gate5(SYS_prctl, PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0;
}

bool enlarge_begin(struct enlarging *w)
{
	long aside = gate6(SYS_mmap, 0, STEP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (aside < 0 && aside > -4096)
		return false;
	w->aside = (uintptr_t)aside;
	w->n_pins = plan_pins(w->l, w->pins);
	w->small = w->small && disable_huge_pages();
	return true;
}

void enlarge_end(const struct enlarging *w)
{
	if (w->small)
		gate5(SYS_prctl, PR_SET_THP_DISABLE, 0, 0, 0, 0);
	gate2(SYS_munmap, w->aside, STEP);
}
