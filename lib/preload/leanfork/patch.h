/* SPDX-License-Identifier: MIT */
#ifndef LEANFORK_PATCH_H
#define LEANFORK_PATCH_H

#include "preload/leanfork/state.h"

/* Parent, with the lock held: finds the system calls of all text that is mapped. False if that
 * cannot be known of some. */
bool patch_scan(struct lean *l);

/* Child: whether the text is the same as then. */
bool patch_is_current(struct lean *l);

/* A mapping of text, and its part of all system calls found, which are in the order of addresses. */
struct text {
	struct span at;
	uint64_t identity;
	bool may_move; /* it is a file's, and not ours */
	bool guarded;  /* against indirect branches to the middle of functions (BTI) */
	size_t first_site, n_sites;
	uintptr_t
		aside; /* child: where the original is while the image is in its place; 0: nowhere */
};

/* What the last scan found. */
struct text *patch_texts(size_t *n);
const uintptr_t *patch_sites(void);

/* Reads the process's own text, without a fault where another thread has unmapped it. */
bool patch_read(const struct lean *l, void *to, struct span at);

/* Whether text of the file in memory that begins there is to be guarded. */
bool guard_wanted(const struct lean *l, uintptr_t elf);

/* Where the image is; empty: there is none. */
struct span image_span(void);

/* Parent, with the lock held, after a scan that found something new: makes the image of all text
 * that may move. Without one the child writes to its text. */
void image_make(const struct lean *l);

/* Child. The first has the image take the place of the text. The second undoes that; the child is
 * without an image then. */
bool image_apply(void);
bool image_undo(void);

/* Parent: whether libc has the one clone that is looked for. */
bool patch_hook_find(void);

/* Parent, with the lock held: libc's clone branches to us from now on. False if it cannot. */
bool patch_hook(struct lean *l);

/* The fork whose clone is awaited from this thread; NULL: none. */
void patch_await(struct lean *l);

#endif
