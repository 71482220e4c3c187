/* SPDX-License-Identifier: MIT */
/* Kinds of memory that the parent has when it forks. */
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

#define HUGE ((size_t)2 << 20)
#define GUARD_INSTALL 102
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

size_t slot_size(const struct step *step)
{
	return (16 + step->a % SLOT_SIZES) * PAGE_SIZE;
}

static bool has_threads;

/* Lean fork gives a mapping that nobody has written to a page if there are other threads, because
 * they may part it for ever (hazard 5 of parent_dontfork.c). */
static bool map(char *at, size_t len, int prot, int flags, int fd)
{
	if (mmap(at, len, prot, flags | MAP_FIXED, fd, 0) != at)
		return false;
	if (has_threads && flags & MAP_ANONYMOUS && prot & PROT_WRITE)
		*(volatile char *)at = 0;
	return true;
}

static void fill(char *at, size_t len)
{
	for (size_t i = 0; i < len; i += PAGE_SIZE) {
		uint64_t word = scramble((uintptr_t)at + i);
		memcpy(at + i, &word, sizeof word);
		memset(at + i + PAGE_SIZE / 2, (int)word | 1, PAGE_SIZE / 2);
	}
}

static void fill_some(char *at, size_t len, uint32_t which)
{
	for (size_t i = 0; i < len; i += PAGE_SIZE)
		if (scramble(which + i) & 1)
			fill(at + i, PAGE_SIZE);
}

static size_t half(size_t len)
{
	return len / 2 & ~(PAGE_SIZE - 1);
}

static bool filled(char *at, size_t len, int flags)
{
	if (!map(at, len, RW, flags, -1))
		return false;
	fill(at, len);
	return true;
}

#define KIND(name)                                                                                 \
	static bool name(char *at, size_t len, __attribute__((unused)) const struct step *s)

KIND(plain)
{
	return filled(at, len, ANON);
}

KIND(untouched)
{
	return map(at, len, RW, ANON, -1);
}

KIND(partly_touched)
{
	return untouched(at, len, s) && (fill_some(at, len, s->b), true);
}

KIND(beginning_touched)
{
	return untouched(at, len, s) && (fill(at, PAGE_SIZE * (1 + s->b % 5)), true);
}

KIND(read_faults_only)
{
	unsigned faults = 0;
	return untouched(at, len, s) && look(at, half(len), &faults) && !faults;
}

KIND(relro)
{
	return plain(at, len, s) && mprotect(at, half(len), PROT_READ) == 0;
}

KIND(read_only)
{
	return plain(at, len, s) && mprotect(at, len, PROT_READ) == 0;
}

KIND(executable)
{
	return plain(at, len, s) && mprotect(at, len, RW | PROT_EXEC) == 0;
}

KIND(guard_pages)
{
	return plain(at, len, s) && mprotect(at, PAGE_SIZE, PROT_NONE) == 0 &&
	       mprotect(at + len - PAGE_SIZE, PAGE_SIZE, PROT_NONE) == 0;
}

KIND(guards_installed)
{
	return plain(at, len, s) && madvise(at + PAGE_SIZE, 3 * PAGE_SIZE, GUARD_INSTALL) >= -1;
}

KIND(shared)
{
	return filled(at, len, MAP_SHARED | MAP_ANONYMOUS);
}

KIND(file_private)
{
	return map(at, len, RW, MAP_PRIVATE, FD_DATA);
}

KIND(file_private_written)
{
	return file_private(at, len, s) && (fill_some(at, 8 * PAGE_SIZE, s->b), true);
}

KIND(file_shared)
{
	return map(at, len, RW, MAP_SHARED, FD_SHARED);
}

KIND(file_shared_read_only)
{
	return map(at, len, PROT_READ, MAP_SHARED, FD_SHARED);
}

KIND(not_reserved)
{
	return map(at, len, RW, ANON | MAP_NORESERVE, -1) && (fill_some(at, len, s->b), true);
}

KIND(reserve)
{
	return map(at, len, PROT_NONE, ANON | MAP_NORESERVE, -1);
}

KIND(reserve_with_committed)
{
	if (!reserve(at, len, s) || mprotect(at + PAGE_SIZE, half(len), RW))
		return false;
	fill(at + PAGE_SIZE, half(len));
	return true;
}

KIND(locked)
{
	return plain(at, len, s) && mlock(at, half(len)) >= -1;
}

KIND(locked_on_fault)
{
	return untouched(at, len, s) && mlock2(at, len, MLOCK_ONFAULT) >= -1 &&
	       (fill_some(at, len, s->b), true);
}

KIND(not_for_children)
{
	return plain(at, len, s) && madvise(at + PAGE_SIZE, half(len), MADV_DONTFORK) == 0;
}

KIND(none_for_children)
{
	return plain(at, len, s) && madvise(at, len, MADV_DONTFORK) == 0;
}

KIND(not_and_again_for_children)
{
	return not_for_children(at, len, s) && madvise(at, len, MADV_DOFORK) == 0;
}

KIND(wiped_for_children)
{
	return plain(at, len, s) && madvise(at + half(len), half(len), MADV_WIPEONFORK) == 0;
}

KIND(huge_pages)
{
	(void)len;
	if (!map(at, 2 * HUGE, RW, ANON, -1) || madvise(at, HUGE, MADV_HUGEPAGE))
		return false;
	fill(at, 10 * PAGE_SIZE);
	return munmap(at + len, 2 * HUGE - len) == 0;
}

KIND(no_huge_pages)
{
	return plain(at, len, s) && madvise(at, len, MADV_NOHUGEPAGE) == 0;
}

KIND(given_back)
{
	return plain(at, len, s) && madvise(at + PAGE_SIZE, half(len), MADV_DONTNEED) == 0;
}

KIND(freed_and_written)
{
	if (!plain(at, len, s) || madvise(at, half(len), MADV_FREE))
		return false;
	fill(at, half(len));
	return true;
}

KIND(grown)
{
	if (!filled(at, half(len), ANON) || mremap(at, half(len), len, 0) != at)
		return false;
	fill_some(at + half(len), len - half(len), s->b);
	return true;
}

KIND(shrunk)
{
	return filled(at, 2 * len, ANON) && mremap(at, 2 * len, len, 0) == at;
}

KIND(moved)
{
	char *elsewhere = at + SLOT_SIZE / 2;
	return filled(elsewhere, len, ANON) &&
	       mremap(elsewhere, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, at) == at;
}

KIND(moved_and_left)
{
	char *elsewhere = at + SLOT_SIZE / 2;
	return filled(elsewhere, len, ANON) &&
	       mremap(elsewhere, len, len, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, at) ==
		       at;
}

KIND(merged_from_two)
{
	return filled(at, half(len), ANON) && filled(at + half(len), len - half(len), ANON);
}

KIND(merged_from_two_touched_apart)
{
	return filled(at, PAGE_SIZE * 4, ANON) &&
	       filled(at + PAGE_SIZE * 8, len - PAGE_SIZE * 8, ANON) &&
	       filled(at + PAGE_SIZE * 4, PAGE_SIZE * 4, ANON);
}

KIND(with_a_hole)
{
	return plain(at, len, s) && munmap(at + half(len), 3 * PAGE_SIZE) == 0;
}

KIND(many_pieces)
{
	if (!plain(at, len, s))
		return false;
	for (size_t i = 0; i < len; i += 4 * PAGE_SIZE)
		mprotect(at + i, PAGE_SIZE, PROT_READ);
	return true;
}

KIND(grows_down)
{
	return filled(at + half(len), len - half(len), ANON | MAP_GROWSDOWN);
}

KIND(named)
{
	return plain(at, len, s) &&
	       prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, half(len), "fuzz") >= -1;
}

KIND(not_dumped)
{
	return plain(at, len, s) && madvise(at, half(len), MADV_DONTDUMP) == 0;
}

KIND(mergeable)
{
	return plain(at, len, s) && madvise(at, half(len), MADV_UNMERGEABLE) >= -1;
}

KIND(read_at_random)
{
	return partly_touched(at, len, s) && madvise(at, len, MADV_RANDOM) == 0;
}

KIND(memfd_private)
{
	int fd = memfd_create("fuzz", 0);
	bool good = fd >= 0 && ftruncate(fd, (off_t)half(len)) == 0 &&
		    map(at, len, RW, MAP_PRIVATE, fd);
	if (good)
		fill_some(at, half(len), s->b);
	close(fd);
	return good;
}

KIND(with_a_key)
{
	long key = syscall(SYS_pkey_alloc, 0, 0);
	return plain(at, len, s) && (key < 0 || syscall(SYS_pkey_mprotect, at, len, RW, key) == 0);
}

#define K(make, weight)                                                                            \
	{                                                                                          \
#make, make, weight                                                                \
	}

const struct kind slot_kinds[] = {
	K(plain, 8),
	K(untouched, 8),
	K(partly_touched, 8),
	K(beginning_touched, 5),
	K(read_faults_only, 5),
	K(relro, 8),
	K(read_only, 4),
	K(executable, 3),
	K(guard_pages, 8),
	K(guards_installed, 6),
	K(shared, 6),
	K(file_private, 5),
	K(file_private_written, 5),
	K(file_shared, 5),
	K(file_shared_read_only, 5),
	K(not_reserved, 6),
	K(reserve, 4),
	K(reserve_with_committed, 8),
	K(locked, 6),
	K(locked_on_fault, 6),
	K(not_for_children, 6),
	K(none_for_children, 3),
	K(not_and_again_for_children, 6),
	K(wiped_for_children, 6),
	K(huge_pages, 2),
	K(no_huge_pages, 5),
	K(given_back, 6),
	K(freed_and_written, 5),
	K(grown, 6),
	K(shrunk, 6),
	K(moved, 6),
	K(moved_and_left, 5),
	K(merged_from_two, 6),
	K(merged_from_two_touched_apart, 6),
	K(with_a_hole, 6),
	K(many_pieces, 5),
	K(grows_down, 5),
	K(named, 6),
	K(not_dumped, 5),
	K(mergeable, 5),
	K(read_at_random, 5),
	K(memfd_private, 5),
	K(with_a_key, 4),
};
const size_t n_slot_kinds = sizeof slot_kinds / sizeof slot_kinds[0];

void slots_make(const struct program *p)
{
	has_threads = p->place == PLACE_THREAD || p->disturbers;
	for (size_t i = 0; i < p->n_slots; i++) {
		const struct step *slot = &p->slots[i];
		if (slot->dropped)
			continue;
		if (!slot_kinds[slot->kind].make(slot_start(i), slot_size(slot), slot))
			note("slot %zu, %s: not here", i, slot_kinds[slot->kind].name);
	}
}
