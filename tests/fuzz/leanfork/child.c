/* SPDX-License-Identifier: MIT */
/* The child: its steps, then its ending. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

static const struct work *const rooms[] = {work_on_memory, work_on_mappings, work_on_buffers,
	work_on_files, work_on_descriptors, work_on_signals, work_on_processes, work_on_identity};
enum { ROOMS = sizeof rooms / sizeof rooms[0] };

static size_t room_size(const struct work *room)
{
	size_t n = 0;
	while (!(room[n].flags & WORK_LAST))
		n++;
	return n;
}

size_t work_count(void)
{
	size_t n = 0;
	for (size_t i = 0; i < ROOMS; i++)
		n += room_size(rooms[i]);
	return n;
}

const struct work *work_of(size_t kind)
{
	size_t room = 0;
	for (; kind >= room_size(rooms[room]); room++)
		kind -= room_size(rooms[room]);
	return &rooms[room][kind];
}

_Noreturn void child_main(const struct program *p)
{
	for (int sig = 1; sig <= 64; sig++)
		handled[sig] = 0;
	if (p->direct)
		log_now = &common->log;
	for (unsigned i = 0; i < p->n_steps; i++) {
		const struct step *s = &p->steps[i];
		if (s->dropped)
			continue;
		note_at(work_of(s->kind)->name, i);
		work_of(s->kind)->body(p, s);
	}
	note_at("looks", 0);
	for (size_t i = 0; p->looks && i < p->n_slots; i++) {
		unsigned faults = 0;
		uint64_t hash = look_at_slot(p, i, &faults);
		note("slot %zu %llx, %u faults", i, (unsigned long long)hash, faults);
	}
	note_at(endings[p->ending.kind].name, 0);
	endings[p->ending.kind].body(p, &p->ending);
	_exit(99);
}

static long long now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

void spin_us(long us)
{
	long long end = now_us() + us;
	while (now_us() < end)
		;
}

void spin_until(const volatile int *flag, long longest_us)
{
	long long end = now_us() + longest_us;
	while (!*flag && now_us() < end)
		;
}
