/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SPAWN_EXTRA_H
#define PROCESS_SPAWN_EXTRA_H

#include <stdbool.h>
#include <stddef.h>

/* What the drop-ins need besides the public options. */
struct spawn_extra {
	const int *close; /* closed in the child, unless a pair has it as `to` */
	size_t n_close;
	const int *held; /* closed if the caller leaves while it waits; two at most */
	size_t n_held;
	bool cancellable; /* a cancelled thread leaves while it waits, and nothing stays behind */
	/*
	 * For SS_KEEP_FDS. Called once, when the child has its own copy of the descriptors. Not
	 * called if there is no child, or if libc spawns. It may change the signal mask for the
	 * wait; ss__spawn_child restores the mask.
	 */
	void (*cloned)(void *);
	void *cloned_arg;
};

#endif
