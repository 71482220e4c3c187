/* SPDX-License-Identifier: MIT */
/* Chooses the memory that a fork leaves out. */
#include "preload/leanfork/parent_plan.h"

#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "preload/leanfork/joined.h"
#include "preload/leanfork/maps.h"
#include "preload/leanfork/parent_dontfork.h"
#include "preload/leanfork/parent_threads.h"

/* What stays around the stack pointer, and around the thread's own block: struct pthread with its
 * rseq area, static TLS below it. */
#define STACK_MARGIN 65536
#define THREAD_MARGIN 65536

static struct working_set working_set; /* guarded by the lock of lean forks */

/* The data of this shared object. Its first segment starts with the ELF header. */
static struct span own_data(void)
{
	extern const char __ehdr_start[] __attribute__((visibility("hidden")));
	const ElfW(Ehdr) *file = (const void *)__ehdr_start;
	const ElfW(Phdr) *segment = (const void *)(__ehdr_start + file->e_phoff), *first = NULL;
	struct span data = {UINTPTR_MAX, 0};
	for (int i = 0; i < file->e_phnum; i++, segment++) {
		if (segment->p_type != PT_LOAD)
			continue;
		first = first ? first : segment;
		uintptr_t at = (uintptr_t)__ehdr_start + (segment->p_vaddr - first->p_vaddr);
		if (!(segment->p_flags & PF_W))
			continue;
		data.start = at < data.start ? at : data.start;
		data.end = at + segment->p_memsz;
	}
	return data;
}

/* Valgrind makes the system calls itself; their dispatch would end it. */
bool plan_possible(void)
{
	if (under_valgrind() || page_size() != PAGE)
		return false;
	threads_look_up();
	return true;
}

static void keep(struct lean *l, struct span span)
{
	struct tail *tail = &l->keep_tail;
	bool room = (l->choice.n_keep + 1) * sizeof span <= tail->size || state_grow(tail);
	l->keep = (struct span *)tail->at;
	if (room)
		l->keep[l->choice.n_keep++] = span;
}

static struct span around(uintptr_t at, uintptr_t margin)
{
	return (struct span){at - margin, at + margin};
}

static void keep_needed(struct lean *l, uintptr_t stack)
{
	keep(l, own_data());
	keep(l, state_span(l));
	keep(l, around(stack, STACK_MARGIN));
	keep(l, around(thread_pointer(), THREAD_MARGIN));
	for (size_t i = 0; l->options.learn && i < working_set.n; i++)
		keep(l, working_set.spans[i]);
	threads_each(l, keep);
	l->choice.n_keep = spans_tidy(l->keep, l->choice.n_keep);
	l->choice.keep = l->keep;
}

size_t plan_pins(const struct lean *l, struct span pins[PINS])
{
	if (!threads_pins(pins))
		pins[0] = pins[1] = around(thread_pointer(), THREAD_MARGIN);
	pins[2] = own_data();
	pins[3] = state_span(l);
	return spans_tidy(pins, PINS);
}

static bool more_ranges(struct choice *choice)
{
	struct lean *l = (struct lean *)((uintptr_t)choice - offsetof(struct lean, choice));
	if (!state_grow(&l->ranges_tail))
		return false;
	choice->ranges = l->ranges = (struct range *)l->ranges_tail.at;
	choice->max_ranges = l->ranges_tail.size / sizeof *l->ranges;
	return true;
}

static void consider(void *context, const struct mapping *mapping)
{
	choice_add(context, mapping);
}

/* Whether the process can read its own memory by this call. */
static bool can_read_self(struct lean *l)
{
	char to, from = 1;
	struct {
		void *at;
		size_t len;
	} local = {&to, 1}, remote = {&from, 1};
	return gate6(SYS_process_vm_readv, l->thread, &local, 1, &remote, 1, 0) == 1;
}

/* Whether the process can wait for a child. Tried with itself, which is no child of its own. */
static bool can_wait(const struct lean *l)
{
	return gate5(SYS_waitid, P_PID, l->parent, NULL, WEXITED | WNOHANG, NULL) == -ECHILD;
}

static enum lean_reason make_bitmap(struct lean *l)
{
	l->settled_size = (l->choice.chunks / 64 + 1) * sizeof(uint64_t);
	l->settled_size = (l->settled_size + PAGE - 1) & ~(PAGE - 1);
	l->settled = (uint64_t *)state_map(l->settled_size, l->settled_size);
	return l->settled ? LEAN_FINE : LEAN_MEMORY;
}

static uint64_t make_token(const struct lean *l)
{
	struct timespec now = {0, 0};
	gate2(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	uint64_t n = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return (n ^ (uint64_t)l->thread << 40) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

enum lean_reason plan_make(struct lean *l, uintptr_t stack)
{
	l->token = make_token(l);
	keep_needed(l, stack);
	l->choice.least = l->options.least_range;
	l->choice.ranges = l->ranges;
	l->choice.max_ranges = l->ranges_tail.size / sizeof *l->ranges;
	l->choice.more = more_ranges;
	l->choice.shared = l->shared;
	l->choice.max_shared = SHARED_MAX;
	l->choice.readonly = l->readonly;
	l->choice.max_readonly = READONLY_MAX;
	/* the child's stack is free before the clone, and this page of it is written to anyway */
	char *text = (char *)l->alt + sizeof l->alt - TEXT_SIZE;
	if (!dontfork_possible(l) || !can_read_self(l) || !can_wait(l) ||
		!maps_read(text, TEXT_SIZE, consider, &l->choice))
		return LEAN_KERNEL;
	if (l->choice.too_many_shared && l->options.kind == LEAN_EAGER)
		return LEAN_FAULT;
	if (l->choice.bytes < l->options.least_total || l->choice.n_ranges == 0)
		return LEAN_SMALL;
	return make_bitmap(l);
}

/* Leaves in the stack of a thread that was made after the choice. */
static void put_back(struct lean *l, struct span block)
{
	size_t i = range_first(l->ranges, l->choice.n_ranges, block.start);
	if (i < l->choice.n_ranges && l->ranges[i].at.start < block.end)
		dontfork_drop(l, i);
}

/* What is mapped from here on is in no range. */
void plan_apply(struct lean *l)
{
	dontfork_set(l);
	if (!l->alone)
		threads_each(l, put_back);
}

void plan_learn(const struct lean *l)
{
	uint64_t n = l->result.chunks < PLACES_MAX ? l->result.chunks : PLACES_MAX;
	for (uint64_t i = 0; l->options.learn && i < n; i++)
		prefetch_add(&working_set, l->mail->places[i]);
}
