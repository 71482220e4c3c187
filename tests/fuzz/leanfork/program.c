/* SPDX-License-Identifier: MIT */
/* From a seed to a program, and a program in words. */
#include <string.h>

#include "fuzz.h"

const char *const place_names[PLACES] = {"plain", "thread", "handler", "other-stack", "deep"};

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
	p->place = roll(&dice, 2) ? PLACE_PLAIN : (enum place)roll(&dice, PLACES);
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

/* The sizes of dropped slots matter still: they decide which page of another one is meant. */
void program_print(const struct program *p, FILE *out)
{
	fprintf(out, "seed %llu: %s, %s, %s, disturbers %#x, slots", (unsigned long long)p->seed,
		p->direct ? "direct" : "carried", p->looks ? "looks" : "glances",
		place_names[p->place], p->disturbers);
	for (size_t i = 0; i < p->n_slots; i++)
		fprintf(out, " %u", p->slots[i].a % SLOT_SIZES);
	fprintf(out, "\n");
	for (size_t i = 0; i < p->n_slots; i++)
		print_step(out, "memory", i, slot_kinds[p->slots[i].kind].name, &p->slots[i]);
	for (size_t i = 0; i < p->n_steps; i++)
		print_step(out, "work", i, work_of(p->steps[i].kind)->name, &p->steps[i]);
	print_step(out, "ending", 0, endings[p->ending.kind].name, &p->ending);
}

static bool read_head(struct program *p, const char *line)
{
	unsigned long long seed;
	char log[16], looks[16], place[16];
	int used = 0, more;
	*p = (struct program){0};
	if (sscanf(line, "seed %llu: %15[^,], %15[^,], %15[^,], disturbers %x, slots%n", &seed, log,
		    looks, place, &p->disturbers, &used) < 5 ||
		!used)
		return false;
	p->seed = seed;
	p->direct = log[0] == 'd';
	p->looks = looks[0] == 'l';
	while (p->place < PLACES && strcmp(place, place_names[p->place]) != 0)
		p->place++;
	if (p->place == PLACES)
		return false;
	for (line += used; p->n_slots < MAX_SLOTS; line += more) {
		struct step *slot = &p->slots[p->n_slots];
		if (sscanf(line, " %u%n", &slot->a, &more) < 1)
			break;
		slot->dropped = true;
		p->n_slots++;
	}
	return p->n_slots > 0;
}

static bool find_kind(struct step *step, const char *what, const char *name)
{
	bool slot = !strcmp(what, "memory"), work = !strcmp(what, "work");
	size_t n = slot ? n_slot_kinds : work ? work_count() : endings_count();
	for (size_t i = 0; i < n; i++) {
		const char *found = slot   ? slot_kinds[i].name
				    : work ? work_of(i)->name
					   : endings[i].name;
		step->kind = (uint16_t)i;
		if (!strcmp(found, name))
			return true;
	}
	return false;
}

static bool read_step(struct program *p, const char *line)
{
	char what[16], name[64];
	struct step step = {0};
	unsigned i;
	if (sscanf(line, " %15s %u: %63s (%u %u %u)", what, &i, name, &step.a, &step.b, &step.c) !=
			6 ||
		i >= MAX_STEPS || !find_kind(&step, what, name))
		return false;
	if (what[0] == 'm' && i < p->n_slots) {
		p->slots[i] = step;
	} else if (what[0] == 'w') {
		for (; p->n_steps < i; p->n_steps++)
			p->steps[p->n_steps].dropped = true;
		p->steps[p->n_steps++] = step;
	} else {
		p->ending = step;
	}
	return true;
}

int program_read(struct program *p, FILE *in)
{
	char line[256];
	do
		if (!fgets(line, sizeof line, in))
			return 0;
	while (line[0] == '#' || line[0] == '\n');
	if (!read_head(p, line))
		return -1;
	while (fgets(line, sizeof line, in) && line[0] == ' ')
		if (!read_step(p, line))
			return -1;
	return 1;
}
