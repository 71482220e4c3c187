/* SPDX-License-Identifier: MIT */
/* From a seed to a program, and a program in words. */
#include "fuzz.h"

uint64_t scramble(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

struct dice {
	uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t sides)
{
	dice->state = scramble(dice->state);
	return (uint32_t)(dice->state >> 32) % sides;
}

static struct step step_of(struct dice *dice, uint32_t kind)
{
	return (struct step){
		.kind = (uint16_t)kind,
		.a = roll(dice, UINT32_MAX),
		.b = roll(dice, UINT32_MAX),
		.c = roll(dice, UINT32_MAX),
	};
}

static uint32_t roll_slot(struct dice *dice)
{
	uint32_t kind = roll(dice, (uint32_t)n_slot_kinds);
	while (roll(dice, 8) >= slot_kinds[kind].weight)
		kind = roll(dice, (uint32_t)n_slot_kinds);
	return kind;
}

/* What asks malloc for memory is nothing for the child of a process with other threads. */
static bool fits(const struct program *p, const struct work *work)
{
	return !(p->disturbers && work->flags & WORK_MALLOCS);
}

static uint32_t roll_work(struct dice *dice, const struct program *p)
{
	uint32_t kind;
	do
		kind = roll(dice, (uint32_t)work_count());
	while (!fits(p, work_of(kind)) || roll(dice, 8) >= work_of(kind)->weight);
	return kind;
}

static uint32_t roll_ending(struct dice *dice, const struct program *p)
{
	uint32_t kind;
	do
		kind = roll(dice, (uint32_t)endings_count());
	while (!fits(p, &endings[kind]) || roll(dice, 8) >= endings[kind].weight);
	return kind;
}

/* A short program finds one fault, a long one finds two that need each other. */
static size_t roll_length(struct dice *dice)
{
	static const uint32_t longest[] = {3, 6, 12, MAX_STEPS};
	return roll(dice, longest[roll(dice, 4)] + 1);
}

void program_make(struct program *p, uint64_t seed)
{
	struct dice dice = {scramble(seed)};
	*p = (struct program){.seed = seed};
	p->disturbers = roll(&dice, 5) ? 0 : roll(&dice, 1U << DISTURBERS);
	p->direct = roll(&dice, 3) == 0;
	p->looks = roll(&dice, 3) == 0;
	p->n_slots = 2 + roll(&dice, MAX_SLOTS - 1);
	for (size_t i = 0; i < p->n_slots; i++)
		p->slots[i] = step_of(&dice, roll_slot(&dice));
	p->n_steps = roll_length(&dice);
	for (size_t i = 0; i < p->n_steps; i++)
		p->steps[i] = step_of(&dice, roll_work(&dice, p));
	p->ending = step_of(&dice, roll_ending(&dice, p));
}

static void print_step(
	FILE *out, const char *what, size_t i, const char *name, const struct step *s)
{
	if (!s->dropped)
		fprintf(out, "  %s %2zu: %s (%u %u %u)\n", what, i, name, s->a, s->b, s->c);
}

void program_print(const struct program *p, FILE *out)
{
	fprintf(out, "seed %llu: log %s%s, threads that disturb: %#x\n",
		(unsigned long long)p->seed, p->direct ? "written at once" : "carried",
		p->looks ? ", looks at all memory" : "", p->disturbers);
	for (size_t i = 0; i < p->n_slots; i++)
		print_step(out, "memory", i, slot_kinds[p->slots[i].kind].name, &p->slots[i]);
	for (size_t i = 0; i < p->n_steps; i++)
		print_step(out, "work", i, work_of(p->steps[i].kind)->name, &p->steps[i]);
	print_step(out, "ending", 0, endings[p->ending.kind].name, &p->ending);
}
