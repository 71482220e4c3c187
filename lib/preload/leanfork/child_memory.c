/* SPDX-License-Identifier: MIT */
/* Brings memory into a lean child. */
#include "preload/leanfork/child_memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/child_end.h"

#define GUARD_INSTALL 102 /* MADV_GUARD_INSTALL, newer than some headers */

bool memory_is_settled(const struct lean *l, size_t chunk)
{
	return l->settled[chunk / 64] >> chunk % 64 & 1;
}

static void set_settled(struct lean *l, size_t chunk)
{
	l->settled[chunk / 64] |= UINT64_C(1) << chunk % 64;
}

static void protect(struct lean *l, struct span at, int prot)
{
	if (gate3(SYS_mprotect, at.start, at.end - at.start, prot) < 0)
		child_give_up(l, LEAN_MEMORY);
}

static bool all_zero(const unsigned char *buffer, size_t len)
{
	const uint64_t *words = (const uint64_t *)(const void *)buffer;
	for (size_t i = 0; i < len / sizeof *words; i++)
		if (words[i])
			return false;
	return true;
}

/* For memory that another thread of the parent has unmapped, or a guard page. */
void memory_forbid(struct lean *l, struct span at)
{
	if (gate3(SYS_madvise, at.start, at.end - at.start, GUARD_INSTALL) == 0)
		return;
	memory_touch(l, at.start, at.end - at.start);
	protect(l, at, PROT_NONE);
}

/* Page by page, so that unmapped pages stay inaccessible, and untouched pages of zeros stay
 * untouched. */
void memory_fill(struct lean *l, struct span at)
{
	const struct mailbox *mail = l->mail;
	for (uintptr_t page = at.start; page < at.end; page += PAGE) {
		const unsigned char *buffer = mail->buffer + (page - at.start);
		if (!(mail->pages >> (page - at.start) / PAGE & 1))
			memory_forbid(l, (struct span){page, page + PAGE});
		else if (!all_zero(buffer, PAGE))
			copy_bytes((void *)page, buffer, PAGE);
	}
}

/* A direct read, if the kernel allows it, saves waking the parent. The same read gets the token,
 * which shows that the memory is the parent's, whoever has its number now. */
bool memory_read(struct lean *l, struct span at, void *to)
{
	uint64_t token = 0;
	struct {
		void *at;
		size_t len;
	} local[] = {{to, at.end - at.start}, {&token, sizeof token}},
	  remote[] = {{(void *)at.start, at.end - at.start}, {&l->token, sizeof token}};
	long whole = (long)(at.end - at.start + sizeof token);

	if (l->options.ask_only)
		return false;
	long n = gate6(SYS_process_vm_readv, l->thread, local, 2, remote, 2, 0);
	if (n == -EPERM || n == -ESRCH || n == -ENOSYS)
		l->options.ask_only = true;
	return n == whole && token == l->token;
}

static bool get(struct lean *l, struct span at)
{
	if (!memory_read(l, at, l->mail->buffer))
		return mailbox_ask(l->mail, at, l->parent);
	l->mail->pages = UINT32_MAX;
	return true;
}

static void note_place(struct mailbox *mail, uintptr_t at)
{
	uint32_t i = atomic_fetch_add(&mail->brought, 1);
	if (i < PLACES_MAX)
		mail->places[i] = at;
}

void memory_fetch(struct lean *l, struct span span, bool accessible)
{
	if (!get(l, span))
		child_give_up(l, LEAN_PARENT);
	note_place(l->mail, span.start);
	if (!accessible)
		protect(l, span, PROT_READ | PROT_WRITE);
	memory_fill(l, span);
}

static void fetch(struct lean *l, const struct range *range, uintptr_t at)
{
	memory_fetch(l, range_chunk_span(range, at), false);
	set_settled(l, range_chunk(range, at));
}

static long reserve_span(struct span at)
{
	long r = gate6(SYS_mmap, at.start, at.end - at.start, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	return r == (long)at.start ? 0 : r < 0 ? r : -EEXIST;
}

/* All missing pages come in at once, so the chunk is complete. */
static long reserve_pages(struct lean *l, const struct range *range, struct span at)
{
	for (uintptr_t page = at.start; page < at.end; page += PAGE) {
		struct span span = {page, page + PAGE};
		long r = reserve_span(span);
		if (r < 0 && r != -EEXIST)
			return r;
		if (r == 0)
			memory_fetch(l, span, false);
	}
	set_settled(l, range_chunk(range, at.start));
	memory_touch(l, at.start, at.end - at.start);
	return 0;
}

/* Another thread may have mapped something in a range after it was marked DONTFORK. The kernel
 * copied that; halving finds the rest. */
static long reserve(struct lean *l, const struct range *range, struct span at)
{
	long r = reserve_span(at);
	if (r != -EEXIST)
		return r;
	if (range_chunk(range, at.start) == range_chunk(range, at.end - 1))
		return reserve_pages(l, range, at);
	uintptr_t middle = (at.start + (at.end - at.start) / 2) & ~(CHUNK - 1);
	if (middle <= at.start)
		middle = range_chunk_span(range, at.start).end;
	r = reserve(l, range, (struct span){at.start, middle});
	return r < 0 ? r : reserve(l, range, (struct span){middle, at.end});
}

long memory_reserve(struct lean *l)
{
	long r = 0;
	for (size_t i = 0; i < l->choice.n_ranges && r == 0; i++)
		r = reserve(l, &l->ranges[i], l->ranges[i].at);
	return r;
}

/* The part of [at, end) in a range; empty if start >= end. */
static struct span overlap(const struct range *range, uintptr_t at, uintptr_t end)
{
	return (struct span){
		at > range->at.start ? at : range->at.start,
		end < range->at.end ? end : range->at.end,
	};
}

static uintptr_t end_of(uintptr_t at, size_t len)
{
	return at + len < at ? UINTPTR_MAX : at + len;
}

static size_t first_at(const struct lean *l, uintptr_t at)
{
	return range_first(l->ranges, l->choice.n_ranges, at);
}

static bool goes_on(const struct lean *l, size_t i, uintptr_t end)
{
	return i < l->choice.n_ranges && l->ranges[i].at.start < end;
}

size_t memory_bring(struct lean *l, uintptr_t at, size_t len)
{
	uintptr_t end = end_of(at, len);
	size_t brought = 0;
	for (size_t i = first_at(l, at); goes_on(l, i, end); i++) {
		const struct range *range = &l->ranges[i];
		struct span part = overlap(range, at, end);
		for (; part.start < part.end;
			part.start = range_chunk_span(range, part.start).end) {
			if (memory_is_settled(l, range_chunk(range, part.start)))
				continue;
			fetch(l, range, part.start);
			brought++;
		}
	}
	return brought;
}

void memory_bring_edges(struct lean *l, uintptr_t at, size_t len)
{
	uintptr_t end = end_of(at, len);
	for (size_t i = first_at(l, at); goes_on(l, i, end); i++) {
		const struct range *range = &l->ranges[i];
		struct span part = overlap(range, at, end);
		struct span last = range_chunk_span(range, part.end - 1);
		if (range_chunk_span(range, part.start).start < part.start)
			memory_bring(l, part.start, 1);
		if (last.end > part.end)
			memory_bring(l, last.start, 1);
	}
}

static void set_all_settled(struct lean *l, size_t first, size_t last)
{
	for (size_t i = first; i <= last; i++) {
		set_settled(l, i);
		for (; i % 64 == 63 && last - i >= 64; i += 64)
			l->settled[i / 64 + 1] = UINT64_MAX;
	}
}

void memory_settle(struct lean *l, uintptr_t at, size_t len)
{
	uintptr_t end = end_of(at, len);
	for (size_t i = first_at(l, at); goes_on(l, i, end); i++) {
		const struct range *range = &l->ranges[i];
		struct span part = overlap(range, at, end);
		if (part.start < part.end)
			set_all_settled(l, range_chunk(range, part.start),
				range_chunk(range, part.end - 1));
	}
}

size_t memory_first_mapping(const struct lean *l, uintptr_t at)
{
	size_t i = first_at(l, at);
	return i > 0 && l->ranges[i - 1].mapping_end > at ? i - 1 : i;
}

bool memory_is_touched(const struct lean *l, struct span at)
{
	for (size_t i = 0; i < l->n_touched; i++)
		if (l->touched[i].start < at.end && at.start < l->touched[i].end)
			return true;
	return false;
}

static bool concerns_incomplete(const struct lean *l, uintptr_t at, uintptr_t end)
{
	size_t i = memory_first_mapping(l, at);
	for (; i < l->choice.n_ranges && l->ranges[i].at.start - STAYS_BEFORE < end; i++)
		if (!l->ranges[i].complete)
			return true;
	return false;
}

/* If there are too many, all in between counts as touched. */
void memory_touch(struct lean *l, uintptr_t at, size_t len)
{
	uintptr_t end = end_of(at & ~(PAGE - 1), len + (at & (PAGE - 1)));
	struct span *last = l->n_touched ? &l->touched[l->n_touched - 1] : NULL;
	at &= ~(PAGE - 1);
	if (!concerns_incomplete(l, at, end))
		return;
	if (last && at <= last->end && last->start <= end) {
		last->start = at < last->start ? at : last->start;
		last->end = end > last->end ? end : last->end;
	} else if (l->n_touched < TOUCHED_MAX) {
		l->touched[l->n_touched++] = (struct span){at, end};
	} else if (last) {
		last->start = at < last->start ? at : last->start;
		last->end = end > last->end ? end : last->end;
	}
}

/* The end of a run of chunks that, like the chunk at `at`, are all settled or all not. Skips whole
 * words of bits. */
uintptr_t memory_run_end(const struct lean *l, const struct range *range, uintptr_t at)
{
	size_t first = range_chunk(range, at), last = range_chunk(range, range->at.end - 1);
	bool settled = memory_is_settled(l, first);
	uint64_t same = settled ? UINT64_MAX : 0;
	size_t i = first;
	while (i <= last && memory_is_settled(l, i) == settled)
		i += i % 64 == 0 && last - i >= 64 && l->settled[i / 64] == same ? 64 : 1;
	return i > last ? range->at.end : (at & ~(CHUNK - 1)) + (i - first) * CHUNK;
}

uint64_t memory_absent(const struct lean *l)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < l->choice.n_ranges; i++) {
		const struct range *range = &l->ranges[i];
		for (uintptr_t at = range->at.start, stop; at < range->at.end; at = stop) {
			stop = memory_run_end(l, range, at);
			bytes += memory_is_settled(l, range_chunk(range, at)) ? 0 : stop - at;
		}
	}
	return bytes;
}
