/* SPDX-License-Identifier: MIT */
/* Mapping calls on memory that a child has from its parent. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define WORK(name)                                                                                 \
	static void name(__attribute__((unused)) const struct program *p,                          \
		__attribute__((unused)) const struct step *s)

WORK(protects)
{
	static const int rights[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE | PROT_EXEC, PROT_READ | PROT_EXEC};
	char *at = some_page(p, s->a, s->b);
	unsigned faults = 0;
	note_result("mprotect", mprotect(at, some_size(s->c), rights[s->c / 8 % 6]));
	note("%llx", (unsigned long long)look(at, some_size(s->c), &faults));
}

WORK(unmaps)
{
	char *at = some_page(p, s->a, s->b);
	unsigned faults = 0;
	note_result("munmap", munmap(at, some_size(s->c)));
	look(at, some_size(s->c) + 2 * PAGE_SIZE, &faults);
	note("%u faults", faults);
}

WORK(unmaps_a_slot)
{
	size_t i = s->a % p->n_slots;
	note_result("munmap", munmap(slot_start(i), slot_size(&p->slots[i])));
}

WORK(maps_over)
{
	char *at = some_page(p, s->a, s->b);
	bool file = s->c & 8;
	int flags = MAP_FIXED | (file ? MAP_PRIVATE : MAP_PRIVATE | MAP_ANONYMOUS);
	bool good = mmap(at, some_size(s->c), PROT_READ | PROT_WRITE, flags, file ? FD_DATA : -1,
			    s->c & 16 ? (off_t)PAGE_SIZE : 0) == at;
	uint64_t word = 1;
	peek(at, &word);
	note("%d %s %llx %d", good, good ? "" : strerrorname_np(errno), (unsigned long long)word,
		poke(at + 8, 1));
}

WORK(maps_without_replacing)
{
	char *at = some_page(p, s->a, s->b);
	void *got = mmap(at, some_size(s->c), PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	note("%d %s", got == at, got == MAP_FAILED ? strerrorname_np(errno) : "");
}

WORK(maps_anew)
{
	size_t size = some_size(s->c) * 8;
	uint64_t word = 1;
	char *at = mmap(slot_start(MAX_SLOTS + s->a % SPARE_SLOTS), size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (at == MAP_FAILED) {
		note("%s", strerrorname_np(errno));
		return;
	}
	memset(at + size / 2, 5, size / 4);
	note("%d %llx", peek(at, &word), (unsigned long long)word);
	if (s->b & 1)
		note_result("munmap", munmap(at, size / 2));
}

static const struct {
	const char *name;
	int advice;
} advices[] = {
	{"DONTNEED", MADV_DONTNEED},
	{"DONTNEED", MADV_DONTNEED},
	{"WILLNEED", MADV_WILLNEED},
	{"COLD", MADV_COLD},
	{"PAGEOUT", MADV_PAGEOUT},
	{"POPULATE_READ", 22},
	{"POPULATE_WRITE", 23},
	{"DONTFORK", MADV_DONTFORK},
	{"DOFORK", MADV_DOFORK},
	{"WIPEONFORK", MADV_WIPEONFORK},
	{"KEEPONFORK", MADV_KEEPONFORK},
	{"HUGEPAGE", MADV_HUGEPAGE},
	{"NOHUGEPAGE", MADV_NOHUGEPAGE},
	{"RANDOM", MADV_RANDOM},
	{"DONTDUMP", MADV_DONTDUMP},
	{"GUARD_INSTALL", 102},
	{"GUARD_REMOVE", 103},
	{"REMOVE", MADV_REMOVE},
	{"DONTNEED_LOCKED", 24},
	{"nothing known", 999},
};

WORK(advises)
{
	size_t i = s->c / 8 % (sizeof advices / sizeof advices[0]);
	char *at = some_page(p, s->a, s->b);
	unsigned faults = 0;
	note_result(advices[i].name, madvise(at, some_size(s->c), advices[i].advice));
	uint64_t hash = look(at, some_size(s->c) + PAGE_SIZE, &faults);
	note("%llx, %u faults", (unsigned long long)hash, faults);
}

static void note_mapping(const char *what, void *got, const char *wanted, size_t size)
{
	unsigned faults = 0;
	if (got == MAP_FAILED) {
		note("%s %s", what, strerrorname_np(errno));
		return;
	}
	uint64_t hash = look(got, size, &faults);
	note("%s %s%llx, %u faults", what, got == wanted ? "there " : "", (unsigned long long)hash,
		faults);
}

WORK(grows_a_slot)
{
	size_t i = s->a % p->n_slots, size = slot_size(&p->slots[i]);
	char *at = slot_start(i);
	note_mapping(
		"mremap", mremap(at, size, size + some_size(s->b), 0), at, size + some_size(s->b));
}

WORK(shrinks_a_slot)
{
	size_t i = s->a % p->n_slots, size = slot_size(&p->slots[i]);
	char *at = slot_start(i);
	note_mapping("mremap", mremap(at, size, size - 5 * PAGE_SIZE, 0), at, size - 5 * PAGE_SIZE);
}

WORK(moves)
{
	char *from = some_page(p, s->a, s->b), *to = slot_start(MAX_SLOTS + s->a % SPARE_SLOTS);
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (s->c & 8 ? MREMAP_DONTUNMAP : 0);
	size_t size = some_size(s->c), to_size = s->c & 24 ? size : size + 3 * PAGE_SIZE;
	unsigned faults = 0;
	note_mapping("mremap", mremap(from, size, to_size, flags, to), to, to_size);
	look(from, size, &faults);
	note("%u faults", faults);
}

WORK(moves_anywhere)
{
	size_t i = s->a % p->n_slots, size = slot_size(&p->slots[i]);
	note_mapping("mremap", mremap(slot_start(i), size, size * 2 + SLOT_SIZE, MREMAP_MAYMOVE),
		NULL, size);
}

WORK(locks)
{
	char *at = some_page(p, s->a, s->b);
	note_result("mlock", s->c & 8 ? mlock(at, some_size(s->c)) : munlock(at, some_size(s->c)));
}

WORK(syncs)
{
	char *at = some_page(p, s->a, s->b);
	note_result("msync", msync(at, some_size(s->c), s->c & 8 ? MS_SYNC : MS_ASYNC));
}

WORK(asks_what_is_mapped)
{
	unsigned char there[64];
	note_result("mincore", mincore(some_page(p, s->a, s->b), some_size(s->c), there));
}

WORK(moves_the_break)
{
	char *at = sbrk((intptr_t)some_size(s->c) * 4);
	uint64_t word = 1;
	if (at == (void *)-1) {
		note("%s", strerrorname_np(errno));
		return;
	}
	note("%d %d %llx", poke(at + PAGE_SIZE / 8 * 8 - (uintptr_t)at % 8, 7),
		peek(at + 64 - (uintptr_t)at % 8, &word), (unsigned long long)word);
	if (s->a & 1)
		note("%d", sbrk(-(intptr_t)some_size(s->c)) != (void *)-1);
}

WORK(allocates)
{
	size_t size = some_size(s->c) * (1 + s->a % 30);
	char *at = malloc(size);
	note("%d", at != NULL);
	if (at)
		memset(at, 3, size);
	if (s->b & 1)
		free(at);
}

const struct work work_on_mappings[] = {
	{"protects", protects, 8, 0},
	{"unmaps", unmaps, 6, 0},
	{"unmaps_a_slot", unmaps_a_slot, 3, 0},
	{"maps_over", maps_over, 6, 0},
	{"maps_without_replacing", maps_without_replacing, 4, 0},
	{"maps_anew", maps_anew, 4, 0},
	{"advises", advises, 8, 0},
	{"grows_a_slot", grows_a_slot, 5, 0},
	{"shrinks_a_slot", shrinks_a_slot, 5, 0},
	{"moves", moves, 8, 0},
	{"moves_anywhere", moves_anywhere, 3, 0},
	{"locks", locks, 4, 0},
	{"syncs", syncs, 3, 0},
	{"asks_what_is_mapped", asks_what_is_mapped, 4, 0},
	{"moves_the_break", moves_the_break, 4, WORK_MALLOCS},
	{"allocates", allocates, 4, WORK_MALLOCS},
	{NULL, NULL, 0, WORK_LAST},
};
