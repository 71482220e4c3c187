/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CHILD_MEMORY_H
#define LEANFORK_CHILD_MEMORY_H

#include "preload/leanfork/state.h"

/*
 * A lean child's memory. Inaccessible pages stand where something was left out, so that nothing
 * else can be mapped there. A chunk becomes memory when it is brought in. A settled chunk is no
 * longer ours to bring in: what happens there is the program's own doing.
 */

/* Reserves the place of what was left out. Returns 0 or -errno. */
long memory_reserve(struct lean *l);

/* Brings in what is missing of [at, at + len). Returns how many chunks that took. Does not return
 * if the memory cannot be had. */
size_t memory_bring(struct lean *l, uintptr_t at, size_t len);

/* The program is about to unmap or replace these bytes: the first brings in the chunks that are
 * affected only in part. The second, called afterwards, settles them. */
void memory_bring_edges(struct lean *l, uintptr_t at, size_t len);
void memory_settle(struct lean *l, uintptr_t at, size_t len);

/* The program has changed, or is about to change, these mappings: they stay as it has them. */
void memory_touch(struct lean *l, uintptr_t at, size_t len);

/* Bytes that are still left out. */
uint64_t memory_absent(const struct lean *l);

/* For child_whole.c: whether a chunk is settled, and how far others go on as the one of an address; reads a span from the parent, without asking it, to an
 * address, false if that is not to be had; brings in a span, which may be accessible already; makes
 * what is gone inaccessible. */
bool memory_is_settled(const struct lean *l, size_t chunk);
uintptr_t memory_run_end(const struct lean *l, const struct range *range, uintptr_t at);
bool memory_read(struct lean *l, struct span at, void *to);
void memory_fetch(struct lean *l, struct span span, bool accessible);
void memory_forbid(struct lean *l, struct span at);

/* Brings in everything, and has the kernel see each mapping as one again. Returns 0, or -ENOMEM with the
 * child as lean as before. */
long memory_bring_all(struct lean *l);

#endif
