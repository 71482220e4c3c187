/* SPDX-License-Identifier: MIT */
/* The memory of one fork. */
#include "preload/leanfork/state.h"

#include <sys/mman.h>
#include <sys/syscall.h>

struct lean *lean_active;

/* The most ranges, and the most spans to be kept. */
#define RANGES_MAX 4096
#define KEEP_MAX 16384

static size_t whole_pages(size_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

#define HEAD_SIZE whole_pages(sizeof(struct lean))
#define RANGES_SIZE whole_pages(RANGES_MAX * sizeof(struct range))
#define KEEP_SIZE whole_pages(KEEP_MAX * sizeof(struct span))

struct span state_span(const struct lean *l)
{
	uintptr_t at = (uintptr_t)l;
	return (struct span){at, at + HEAD_SIZE + RANGES_SIZE + KEEP_SIZE};
}

/* Maps `size` addresses, of which `used` bytes are charged. */
static long map(size_t size, size_t used, int more_flags)
{
	int prot = used == size ? PROT_READ | PROT_WRITE : PROT_NONE;
	long at = gate6(SYS_mmap, 0, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | more_flags, -1, 0);
	if (at < 0 && at > -4096)
		return 0;
	if (used == size || gate3(SYS_mprotect, at, used, PROT_READ | PROT_WRITE) == 0)
		return at;
	gate2(SYS_munmap, at, size);
	return 0;
}

/* What can grow downwards counts as stack, not as data, so RLIMIT_DATA does not apply. Fork ignores
 * that limit, too. */
uintptr_t state_map(size_t size, size_t used)
{
	long at = map(size, used, 0);
	return (uintptr_t)(at ? at : map(size, used, MAP_GROWSDOWN));
}

struct lean *state_create(void)
{
	uintptr_t at = state_map(HEAD_SIZE + RANGES_SIZE + KEEP_SIZE, HEAD_SIZE);
	if (!at)
		return NULL;
	struct lean *l = (struct lean *)at;
	uintptr_t behind = at + HEAD_SIZE;
	l->ranges = l->first_ranges;
	l->keep = l->first_keep;
	l->ranges_tail =
		(struct tail){(uintptr_t)l->ranges, sizeof l->first_ranges, behind, RANGES_SIZE};
	l->keep_tail = (struct tail){
		(uintptr_t)l->keep, sizeof l->first_keep, behind + RANGES_SIZE, KEEP_SIZE};
	return l;
}

void state_destroy(struct lean *l)
{
	struct span all = state_span(l);
	gate2(SYS_munmap, all.start, all.end - all.start);
}

bool state_grow(struct tail *tail)
{
	bool first = tail->at != tail->behind;
	size_t size = first ? 0 : tail->size;
	if (size == tail->most ||
		gate3(SYS_mprotect, tail->behind + size, PAGE, PROT_READ | PROT_WRITE) < 0)
		return false;
	if (first)
		copy_bytes((void *)tail->behind, (const void *)tail->at, tail->size);
	tail->at = tail->behind;
	tail->size = size + PAGE;
	return true;
}
