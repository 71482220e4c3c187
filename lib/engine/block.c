/* SPDX-License-Identifier: MIT */
/*
 * The pool of blocks that children use until their exec.
 *
 *  1. A caller may leave while it waits: its handler ends by siglongjmp, or ends the thread. Nobody
 *     reports this. But a caller that waits has a canary in its frame, the number of its spawn. If
 *     the canary has changed, or its memory is gone, the frame is gone. A stale canary may keep its
 *     value, until the next spawn from the same depth overwrites it.
 *  2. A later spawn closes the descriptors of a caller that has left. The child runs on, because
 *     nobody asked for its end. A child that has failed is reaped.
 *  3. A child that was given up has been killed. If it does not end even then (a dead mount), it
 *     keeps its block. A later spawn that finds it ended reaps it. A child that was given up after
 *     its exec gets a block for this.
 *  4. Blocks are claimed by compare-and-swap: a handler or a forked process could find a lock
 *     taken. The state counts the claims, so a claim based on an earlier state fails, unless the
 *     count has wrapped meanwhile. It has 32 bits where long has 64. Elsewhere the engine is
 *     posix_spawn's. There, only blocks that are free or of another owner are claimed, and both
 *     are safe to claim whatever happened meanwhile.
 *  5. A forked process inherits the blocks of threads that it does not have, and of children that
 *     run in its parent's memory. The state has its owner's number, so these blocks are free there.
 *     A process takes a new number when it finds none in a page that fork wipes. The words that
 *     callers wait for lie in the same page, so no wait goes on in a forked process.
 *  6. Usually no memory is mapped: the first blocks are part of the library.
 */
#include "engine/block.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "engine/reap.h"
#include "engine/syscall.h"

enum { FIRST_BLOCKS = 4, MORE_BLOCKS = 8, PAGE = 4096, STALE_AFTER = 16 };

/* The state: kind, number of its owner (or process ID), count of claims (4, 5). */
enum { FREE, BUILDING, WAITING, HANDED, LEFT, KIND_MASK = 7, OWNER_SHIFT = 3 };
enum { CLAIM_SHIFT = sizeof(block_state) == 8 ? 32 : 25 };

#define OWNER_MASK ((1U << (CLAIM_SHIFT - OWNER_SHIFT)) - 1)

/* (5) A page that fork wipes. Old kernels and some emulators cannot do this. */
struct wiped {
	_Alignas(PAGE) _Atomic uint32_t id;
	atomic_int in_child[FIRST_BLOCKS + MORE_BLOCKS];
};

static struct wiped own;
struct chunk {
	struct wiped *wiped;
	struct block *blocks;
	size_t n;
	_Atomic(struct chunk *) next;
};

static struct block first_blocks[FIRST_BLOCKS];
static struct chunk first = {.wiped = &own, .blocks = first_blocks, .n = FIRST_BLOCKS};
static _Atomic uint32_t last_number, last_id;

static _Atomic enum { WIPE_UNKNOWN, WIPED, NOT_WIPED } wipe;

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/* The first spawn, or the first after a fork. */
static uint32_t make_own_id(void)
{
	uint32_t none = 0;
	if (wipe == WIPE_UNKNOWN)
		wipe = madvise(&own, sizeof own, MADV_WIPEONFORK) == 0 ? WIPED : NOT_WIPED;
	if (wipe == NOT_WIPED)
		return (uint32_t)getpid();
	atomic_compare_exchange_strong(&own.id, &none, atomic_fetch_add(&last_id, 1) + 1);
	return own.id;
}

static uint32_t own_id(void)
{
	const uint32_t id = own.id;
	return (id ? id : make_own_id()) & OWNER_MASK;
}

bool ss__block_word_is_wiped(void)
{
	return wipe == WIPED;
}

static unsigned kind(block_state state)
{
	return state & KIND_MASK;
}

static bool is_own(block_state state)
{
	return (state >> OWNER_SHIFT & OWNER_MASK) == own_id();
}

static void become(struct block *b, unsigned new_kind)
{
	b->state = (b->state & ~(block_state)KIND_MASK) | new_kind;
}

static bool claim(struct block *b, block_state seen)
{
	const block_state claims = (seen >> CLAIM_SHIFT) + 1;
	return atomic_compare_exchange_strong(
		&b->state, &seen, claims << CLAIM_SHIFT | own_id() << OWNER_SHIFT | BUILDING);
}

#ifdef ENGINE_RAW

/* By raw calls, because malloc is not async-signal-safe. */
static void *map(size_t size)
{
	long at = raw_call(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return at < 0 && at > -4096 ? NULL : (void *)at;
}

static void unmap(void *memory, size_t size)
{
	raw2(SYS_munmap, memory, size);
}

#else

static void *map(size_t size)
{
	return calloc(1, size);
}

static void unmap(void *memory, size_t size)
{
	(void)size;
	free(memory);
}

#endif

static void unmap_more(struct block *b)
{
	if (b->more)
		unmap(b->more, b->more_size);
	b->more = NULL;
}

#ifdef ENGINE_RAW

enum { WAIT_PRIVATE = 128 };

/* By the kernel, because the memory may be gone. */
static long compare(const volatile void *word, uint32_t value)
{
	static const struct timespec at_once;
	return raw4(SYS_futex, word, WAIT_PRIVATE, value, &at_once);
}

bool ss__block_readable(const void *memory)
{
	return compare((const void *)((uintptr_t)memory & ~(uintptr_t)3), 0) != -EFAULT;
}

/* (1) A caller that has not set its canary yet looks the same. So only old spawns are examined. */
static bool has_left(const struct block *b)
{
	const uint32_t number = b->number;
	if (last_number - number < STALE_AFTER)
		return false;
	long result = compare(b->canary, number);
	return result == -EAGAIN || result == -EFAULT;
}

static bool is_over(const struct block *b, block_state seen)
{
	if (!is_own(seen))
		return true;
	switch (kind(seen)) {
	case WAITING:
		return *b->in_child == 0 && has_left(b);
	case HANDED:
		return has_left(b);
	case LEFT:
		return *b->in_child == 0;
	default:
		return false;
	}
}

/*
 * Another process reaps a detached child, unless this one is its namespace's first or a subreaper.
 */
void ss__block_reap(struct block *b)
{
	if (b->job.flags & JOB_DETACH && b->pidfd < 0)
		ss__reap_if_ended(b->pid, -1);
	else
		ss__reap(b->pid, b->pidfd);
	b->pidfd = -1;
}

/* (2) */
static void close_held(struct block *b)
{
	for (int i = 0; i < BLOCK_HELD; i++)
		if (b->held[i] >= 0)
			raw1(SYS_close, b->held[i]);
	if (b->job.failure.stage != SS_STAGE_NONE)
		ss__block_reap(b);
	else if (b->pidfd >= 0)
		raw1(SYS_close, b->pidfd);
}

static void clear(struct block *b, block_state seen)
{
	unmap_more(b);
	if (!is_own(seen))
		return;
	if (kind(seen) == WAITING)
		close_held(b);
	else if (kind(seen) == LEFT && b->pidfd >= 0)
		raw1(SYS_close, b->pidfd);
	if (b->release)
		b->release();
}

#else

bool ss__block_readable(const void *memory)
{
	return memory != NULL;
}

static bool is_over(const struct block *b, block_state seen)
{
	(void)b;
	return !is_own(seen) || kind(seen) == LEFT;
}

static void clear(struct block *b, block_state seen)
{
	unmap_more(b);
	if (is_own(seen) && kind(seen) == LEFT && b->pidfd >= 0)
		close(b->pidfd);
}

#endif

/* The block is claimed: another thread may have reaped the child, and the numbers may be reused. */
static bool is_reaped(const struct block *b, block_state seen)
{
	return !is_own(seen) || kind(seen) != LEFT || ss__reap_if_ended(b->pid, b->pidfd);
}

static bool try_claim(struct block *b)
{
	const block_state seen = b->state;
	if (kind(seen) == FREE)
		return claim(b, seen);
	if (!is_over(b, seen) || !claim(b, seen))
		return false;
	if (!is_reaped(b, seen)) {
		become(b, kind(seen));
		return false;
	}
	clear(b, seen);
	return true;
}

_Static_assert(sizeof(struct block) >= (size_t)2 * PAGE,
	"one block has room for a chunk's header and a page to wipe");

/* The room of the first block holds the header and the page to wipe. */
static struct block *add_chunk(struct chunk *last)
{
	const size_t size = (MORE_BLOCKS + 1) * sizeof(struct block);
	void *memory = map(size);
	if (!memory)
		return NULL;
	struct chunk *added = memory, *next = NULL;
	added->wiped = (struct wiped *)((char *)memory + PAGE);
	added->blocks = (struct block *)memory + 1;
	if (wipe == WIPED)
		madvise(added->wiped, sizeof *added->wiped, MADV_WIPEONFORK);
	added->n = MORE_BLOCKS;
	claim(added->blocks, FREE);
	while (!atomic_compare_exchange_strong(&last->next, &next, added)) {
		last = next;
		next = NULL;
	}
	added->blocks->in_child = added->wiped->in_child;
	return added->blocks;
}

static struct block *find(void)
{
	for (struct chunk *chunk = &first;; chunk = chunk->next) {
		for (size_t i = 0; i < chunk->n; i++) {
			struct block *b = &chunk->blocks[i];
			if (!try_claim(b))
				continue;
			b->in_child = &chunk->wiped->in_child[i];
			return b;
		}
		if (!chunk->next)
			return add_chunk(chunk);
	}
}

/* Closes the descriptors of callers that have left, even if nobody needs their blocks. */
static void sweep(void)
{
	for (struct chunk *chunk = &first; chunk; chunk = chunk->next)
		for (size_t i = 0; i < chunk->n; i++) {
			struct block *b = &chunk->blocks[i];
			if (kind(b->state) != FREE && try_claim(b))
				become(b, FREE);
		}
}

struct block *ss__block_take(void)
{
	struct block *b = find();
	if (!b)
		return NULL;
	b->number = atomic_fetch_add(&last_number, 1) + 1;
	if (b->number % STALE_AFTER == 0)
		sweep();
	*b->in_child = 0;
	b->pid = 0;
	b->pidfd = -1;
	for (int i = 0; i < BLOCK_HELD; i++)
		b->held[i] = -1;
	b->release = NULL;
	b->more = NULL;
	return b;
}

char *ss__block_more(struct block *b, size_t size)
{
	unmap_more(b);
	b->more_size = size;
	b->more = map(size);
	return b->more;
}

void ss__block_await(struct block *b, const _Atomic uint32_t *canary)
{
	b->canary = canary;
	become(b, WAITING);
}

void ss__block_hand_over(struct block *b)
{
	become(b, HANDED);
}

void ss__block_leave(struct block *b)
{
	become(b, LEFT);
}

bool ss__block_adopt(pid_t pid, int pidfd)
{
	struct block *b = ss__block_take();
	if (!b)
		return false;
	b->pid = pid;
	b->pidfd = pidfd;
	ss__block_leave(b);
	return true;
}

bool ss__block_is_ours(const struct block *b, uint32_t number)
{
	return b->number == number && is_own(b->state);
}

void ss__block_free(struct block *b)
{
	unmap_more(b);
	if (b->release && is_own(b->state))
		b->release();
	become(b, FREE);
}
