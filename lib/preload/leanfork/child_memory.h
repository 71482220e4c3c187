/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_CHILD_MEMORY_H
#define LEANFORK_CHILD_MEMORY_H

#include "preload/leanfork/state.h"

/*
 * The memory of a lean child. Inaccessible pages reserve what was left out. A chunk becomes memory
 * when it is brought in. A settled chunk is not to be brought in any more: it has come, or the
 * program has replaced it.
 */

/* Reserves the places of what was left out. 0 or -errno. */
long memory_reserve(struct lean *l);

/* Brings in what is missing of [at, at + len). Returns how many chunks that took. Does not return
 * if the memory cannot be had. */
size_t memory_bring(struct lean *l, uintptr_t at, size_t len);

/* The program unmaps or replaces these bytes. The first call, before, brings in the chunks at both
 * ends. The second, afterwards, settles all chunks. */
void memory_bring_edges(struct lean *l, uintptr_t at, size_t len);
void memory_settle(struct lean *l, uintptr_t at, size_t len);

/*
 * The program changes these mappings itself, so they stay as it has them. memory_complete comes
 * before, and lets a mapping that has little memory come in as a whole, so that the change finds
 * what it would find in an ordinary child. `replaces`: a mapping that goes entirely need not come.
 */
void memory_complete(struct lean *l, uintptr_t at, size_t len, bool replaces);
void memory_touch(struct lean *l, uintptr_t at, size_t len);

/* Bytes still left out. */
uint64_t memory_absent(const struct lean *l);

/*
 * For child_whole.c and child_enlarge.c: the first range whose mapping ends after an address;
 * whether the program has changed part of a span; whether a chunk is settled; the end of a run of
 * chunks that, like the one at `at`, are all settled or all not; reads a span of the parent without
 * asking it, false: impossible; brings in a span, which may be accessible already; makes a span
 * inaccessible; fills a span from the mailbox's buffer, but leaves untouched what is zero.
 */
size_t memory_first_mapping(const struct lean *l, uintptr_t at);
bool memory_is_touched(const struct lean *l, struct span at);
bool memory_is_settled(const struct lean *l, size_t chunk);
uintptr_t memory_run_end(const struct lean *l, const struct range *range, uintptr_t at);
bool memory_read(struct lean *l, struct span at, void *to);
void memory_fetch(struct lean *l, struct span span, bool accessible);
void memory_forbid(struct lean *l, struct span at);
void memory_fill(struct lean *l, struct span at);

/* Brings in everything, and makes each mapping one again for the kernel. 0; -ENOMEM: the child is
 * as lean as before. */
long memory_bring_all(struct lean *l);

#endif
