/* SPDX-License-Identifier: MIT */
/* Work on memory that a child has from its parent: seen, written, moved. */
#include <string.h>

#include "fuzz.h"

#define WORK(name)                                                                                 \
	static void name(__attribute__((unused)) const struct program *p,                          \
		__attribute__((unused)) const struct step *s)

WORK(sees_a_page)
{
	uint64_t word = 0;
	bool good = peek(some_page(p, s->a, s->b) + s->c % PAGE_SIZE / 8 * 8, &word);
	note("%d %llx", good, (unsigned long long)word);
}

WORK(sees_a_slot)
{
	unsigned faults = 0;
	uint64_t hash = look_at_slot(p, s->a % p->n_slots, &faults);
	note("%llx, %u faults", (unsigned long long)hash, faults);
}

WORK(sees_all)
{
	for (size_t i = 0; i < p->n_slots; i++) {
		unsigned faults = 0;
		uint64_t hash = look_at_slot(p, i, &faults);
		note("slot %zu %llx, %u faults", i, (unsigned long long)hash, faults);
	}
}

WORK(writes_a_word)
{
	char *at = some_page(p, s->a, s->b) + s->c % PAGE_SIZE / 8 * 8;
	uint64_t word = 0;
	bool good = poke(at, s->c);
	peek(at, &word);
	note("%d %llx", good, (unsigned long long)word);
}

WORK(writes_pages)
{
	char *at = some_page(p, s->a, s->b);
	size_t size = some_size(s->c), faults = 0;
	for (size_t i = 0; i < size; i += PAGE_SIZE / 2)
		faults += !poke(at + i, s->c + i);
	note("%zu faults", faults);
}

/* Across a chunk's end, by instructions that move many bytes. */
WORK(moves_bytes)
{
	char *from = some_page(p, s->a, s->b), *to = some_page(p, s->b, s->c);
	uint64_t word;
	if (!peek(from, &word) || !peek(from + PAGE_SIZE - 8, &word) || !poke(to + 24, word) ||
		!poke(to + PAGE_SIZE - 8, word))
		return;
	memmove(to + 16, from + 3, PAGE_SIZE - 40);
	note("%llx", (unsigned long long)hash_bytes(to, PAGE_SIZE, 1));
}

const struct work work_on_memory[] = {
	{"sees_a_page", sees_a_page, 8, 0},
	{"sees_a_slot", sees_a_slot, 6, 0},
	{"sees_all", sees_all, 2, 0},
	{"writes_a_word", writes_a_word, 8, 0},
	{"writes_pages", writes_pages, 6, 0},
	{"moves_bytes", moves_bytes, 4, 0},
	{NULL, NULL, 0, WORK_LAST},
};
