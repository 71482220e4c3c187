/* SPDX-License-Identifier: MIT */
/*
 * In the child, libc's half of fork walks along lists of all threads, and of stacks kept for the
 * next one. The links lie in each thread's own block (struct pthread), at the upper end of its
 * stack. The heads of the lists are in the dynamic linker's data. Links and heads must be of one
 * moment: what is brought in later belongs to a list that has changed since, and the walk might
 * never end.
 *
 * glibc describes these lists for debuggers (libthread_db), since 2.34 in one place. Hazards:
 *
 *  1. Other threads change the lists and unmap stacks while they are read here. So they are read by
 *     a call that fails if memory is missing.
 *  2. A block that moves from one list to another is in neither for a moment. So each list is read
 *     twice.
 *  3. A stack may be mapped between the reading of the lists and of the mappings. So the lists are
 *     read again once memory is marked DONTFORK, and what is marked by mistake is unmarked.
 */
#include "preload/leanfork/parent_threads.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define LISTS 3 /* stacks in use, the program's own stacks, stacks kept */
#define MOST_THREADS 8192
#define RSEQ_SIZE 256 /* at most */

struct link {
	uintptr_t next, previous;
};

/* How libthread_db describes a field. */
struct field {
	uint32_t bits, elements, offset;
};

static struct {
	_Atomic bool done;
	uintptr_t heads[LISTS];
	size_t link_offset, block_size;
	const ptrdiff_t *rseq; /* offset of the rseq area from the thread pointer */
} lists;

static const struct field *field(const char *name)
{
	const struct field *found = dlsym(RTLD_DEFAULT, name);
	return found && found->bits == 8 * sizeof(struct link) && found->elements == 1 ? found
										       : NULL;
}

void threads_look_up(void)
{
	if (atomic_load(&lists.done))
		return;
	const struct field *used = field("_thread_db_rtld_global__dl_stack_used");
	const struct field *user = field("_thread_db_rtld_global__dl_stack_user");
	const struct field *link = field("_thread_db_pthread_list");
	const uint32_t *size = dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread");
	uintptr_t global = (uintptr_t)dlsym(RTLD_DEFAULT, "_rtld_global");
	if (used && user && link && size && global) {
		lists.link_offset = link->offset;
		lists.block_size = *size;
		lists.heads[0] = global + used->offset;
		lists.heads[1] = global + user->offset;
		lists.heads[2] = lists.heads[1] + sizeof(struct link);
	}
	lists.rseq = dlsym(RTLD_DEFAULT, "__rseq_offset");
	atomic_store(&lists.done, true);
}

/* Hazard 1. */
static bool read_next(const struct lean *l, uintptr_t at, uintptr_t *next)
{
	struct {
		void *at;
		size_t len;
	} local = {next, sizeof *next}, remote = {(void *)at, sizeof *next};
	return gate6(SYS_process_vm_readv, l->thread, &local, 1, &remote, 1, 0) == sizeof *next;
}

static uintptr_t next_of(uintptr_t at)
{
	return atomic_load((const _Atomic uintptr_t *)at);
}

/* The heads and the calling thread's own block are never left out. */
static void walk(struct lean *l, uintptr_t head, void (*take)(struct lean *l, struct span))
{
	uintptr_t own = thread_block(lists.block_size) + lists.link_offset, at = next_of(head);
	for (int n = 0; n < MOST_THREADS && at && at != head; n++) {
		uintptr_t block = at - lists.link_offset;
		take(l, (struct span){block, block + lists.block_size});
		if (at == own)
			at = next_of(at);
		else if (!read_next(l, at, &at))
			return;
	}
}

void threads_each(struct lean *l, void (*take)(struct lean *l, struct span block))
{
	for (int n = 0; n < (l->alone ? 1 : 2); n++) /* hazard 2 */
		for (size_t i = 0; i < LISTS && lists.heads[i]; i++)
			walk(l, lists.heads[i], take);
}

bool threads_pins(struct span pins[2])
{
	if (!lists.block_size || !lists.rseq)
		return false;
	uintptr_t block = thread_block(lists.block_size);
	uintptr_t rseq = thread_pointer() + (uintptr_t)*lists.rseq;
	pins[0] = (struct span){block, block + lists.block_size};
	pins[1] = (struct span){rseq, rseq + RSEQ_SIZE};
	return true;
}
