/* SPDX-License-Identifier: MIT */
/*
 * A native fork in the heuristic overcommit mode, the default. Linux refuses it only if a single
 * mapping is larger than RAM and swap together. So the mapping is split for the moment of the fork.
 * The child is a native one: it shares its parent's pages until they are written to, may do what it
 * likes, and nobody waits for it.
 *
 * madvise(MADV_RANDOM) on every other part splits a mapping. It is about reading files ahead, and
 * means nothing for anonymous memory. Hazards:
 *
 *  1. The program's own advice must be restored. The kernel does not tell which it is. But advice
 *     that changes nothing leaves the mapping in one piece.
 *  2. Other threads fork as well. So the last one that needs the parts joins them.
 *  3. The child of another thread's fork inherits the parts, and joins them itself.
 *  4. In the child the parts have reverse mappings (anon_vma) of their own, so they never merge.
 *     Only mremap does not work across them. So there are as few as possible, usually two.
 */
#include "preload/leanfork/parent_split.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/leanfork/gate.h"
#include "preload/leanfork/joined.h"
#include "preload/leanfork/kernel_signals.h"
#include "preload/leanfork/maps.h"
#include "preload/leanfork/parent_lock.h"
#include "preload/leanfork/parent_seccomp.h"
#include "preload/leanfork/proc.h"

#define CUTS_MAX 16
#define MOST_SIGNALS 20
#define PIECES_MAX 16 /* of a mapping; a larger one is an address range, which is not charged */

/* A piece of a mapping with other advice than its neighbours, for a while. */
struct cut {
	struct span at;
	int advice; /* the program's */
};

static struct {
	_Atomic uint32_t guard; /* the process that holds it */
	uint32_t process;       /* the process that the rest belongs to */
	uint32_t users;
	size_t n;
	struct cut cuts[CUTS_MAX];
} parts;

/* A handler may fork, too. A child may have inherited the guard from a thread that it does not
 * have. */
static uint64_t take_guard(void)
{
	uint32_t process = (uint32_t)gate0(SYS_getpid);
	uint64_t mask = 0;
	set_mask(UINT64_MAX, &mask);
	while (atomic_exchange(&parts.guard, process) == process)
		gate0(SYS_sched_yield);
	return mask;
}

static void leave_guard(uint64_t mask)
{
	atomic_store(&parts.guard, 0);
	set_mask(mask, NULL);
}

static long advise(struct span at, int advice)
{
	return gate3(SYS_madvise, at.start, at.end - at.start, advice);
}

/* Hazard 1. -1: the pieces differ in more than advice. */
static int own_advice(struct span piece)
{
	static const int kinds[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (advise(piece, kinds[i]) == 0 && is_joined(piece.start))
			return kinds[i];
	return -1;
}

static void cut_out(struct span piece)
{
	if (parts.n == CUTS_MAX || !is_joined(piece.start))
		return;
	int advice = own_advice(piece);
	if (advice < 0)
		return;
	if (advise(piece, advice == MADV_RANDOM ? MADV_SEQUENTIAL : MADV_RANDOM) == 0)
		parts.cuts[parts.n++] = (struct cut){piece, advice};
}

static bool is_too_large(const struct mapping *mapping, uintptr_t most)
{
	return mapping->at.end - mapping->at.start > most &&
	       (mapping->kind == MAPPING_ANONYMOUS || mapping->kind == MAPPING_OTHER);
}

static void part_mapping(void *context, const struct mapping *mapping)
{
	uintptr_t most = *(const uintptr_t *)context, size = mapping->at.end - mapping->at.start;
	if (size <= most || (mapping->kind != MAPPING_ANONYMOUS && mapping->kind != MAPPING_OTHER))
		return;
	uintptr_t pieces = (size + most - 1) / most;
	uintptr_t page = page_size();
	uintptr_t each = (size / pieces + page - 1) & ~(page - 1);
	if (pieces > PIECES_MAX)
		return;
	for (uintptr_t i = 1; i < pieces; i += 2) {
		uintptr_t start = mapping->at.start + i * each;
		uintptr_t end = i + 1 == pieces ? mapping->at.end : start + each;
		cut_out((struct span){start, end});
	}
}

/* The largest mapping that the kernel copies; 0: it has another rule now. */
static uintptr_t largest_copied(void)
{
	struct proc_value memory[] = {{.name = "MemTotal:"}, {.name = "SwapTotal:"}};
	char mode[8];
	if (!proc_read("/proc/sys/vm/overcommit_memory", mode, sizeof mode) || mode[0] != '0' ||
		!proc_values("/proc/meminfo", memory, 2) || !memory[1].text[0])
		return 0;
	uint64_t kib = proc_number(memory[0].text) + proc_number(memory[1].text);
	return kib < UINTPTR_MAX >> 10 ? (uintptr_t)kib << 10 : 0;
}

static void join_all(void)
{
	while (parts.n > 0) {
		parts.n--;
		advise(parts.cuts[parts.n].at, parts.cuts[parts.n].advice);
	}
}

/* Hazard 3. */
static void forget_foreign(void)
{
	uint32_t process = (uint32_t)gate0(SYS_getpid);
	if (parts.process != process) {
		join_all();
		parts.users = 0;
	}
	parts.process = process;
}

static void note_large(void *context, const struct mapping *mapping)
{
	uintptr_t *most = context;
	if (is_too_large(mapping, *most))
		*most = 0;
}

/* Comes before any call that a seccomp filter may not know. */
static bool is_worthwhile(uintptr_t most, char *text, size_t size)
{
	return most && maps_read(text, size, note_large, &most) && !most && seccomp_pass();
}

/* Splits if needed. Returns whether there are parts now. */
static bool begin(void)
{
	char text[1024];
	uintptr_t most = largest_copied();
	if (!is_worthwhile(most, text, sizeof text))
		return false;
	uint64_t mask = take_guard();
	forget_foreign();
	maps_read(text, sizeof text, part_mapping, &most);
	bool parted = parts.n > 0;
	parts.users += parted;
	leave_guard(mask);
	return parted;
}

/* Nobody else forks until signals are unblocked again, because a child would inherit descriptors of
 * /proc. */
static enum turn begin_alone(bool *parted)
{
	enum turn turn = TURN_SIGNAL;
	for (int signals = 0; turn == TURN_SIGNAL; signals++) {
		uint64_t mask = 0;
		set_mask(UINT64_MAX, &mask);
		turn = lock_lean(signals < MOST_SIGNALS ? mask : UINT64_MAX, false);
		if (turn == TURN_TAKEN) {
			*parted = begin();
			lock_become_native();
		}
		set_mask(mask, NULL);
	}
	return turn;
}

/* Takes a turn as a native fork, so no lean fork has advice of its own in force. Returns whether it
 * has. */
static bool lock_and_begin(bool *parted)
{
	if (begin_alone(parted) == TURN_TAKEN)
		return true;
	bool locked = lock_native();
	*parted = begin();
	return locked;
}

static void end(void)
{
	uint64_t mask = take_guard();
	if (--parts.users == 0)
		join_all();
	leave_guard(mask);
}

void split_reset(void)
{
	if (parts.users == 0)
		return;
	atomic_store(&parts.guard, 0);
	forget_foreign();
}

pid_t split_fork(pid_t (*libc_fork)(void))
{
	bool parted, locked = lock_and_begin(&parted);
	pid_t pid = parted ? libc_fork() : -1;
	int error = parted ? errno : ENOMEM;
	if (pid == 0) {
		lock_reset();
		split_reset();
		return 0;
	}
	if (parted)
		end();
	if (locked)
		unlock_native();
	errno = error;
	return pid;
}
