/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SPAWN_H
#define PROCESS_SPAWN_H

#include <stdbool.h>

#include <safespawn.h>

/* What the drop-ins need beyond the public options. */
struct spawn_extra {
	const int *close; /* closed in the child, unless something is mapped there */
	size_t n_close;
	const int *held; /* closed for a caller that leaves while it waits, two at most */
	size_t n_held;
	bool cancellable; /* a cancelled thread leaves while it waits, and nothing is left behind */
	/*
	 * For SS_KEEP_FDS. Called once, when the child has its own copy of the descriptors; never if
	 * there is no child, or if libc spawns. It may change the signal mask for the wait. The mask
	 * is as before when ss__spawn_child returns.
	 */
	void (*cloned)(void *);
	void *cloned_arg;
};

/* ss_spawn, but 0 or -errno. extra may be NULL. */
int ss__spawn_child(struct ss_child *child, char *const argv[], const struct ss_options *options,
	const struct spawn_extra *extra);

#endif
