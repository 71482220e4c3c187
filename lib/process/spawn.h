/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SPAWN_H
#define PROCESS_SPAWN_H

#include <stdbool.h>

#include <safespawn.h>

/* What the drop-ins need beyond the public options. */
struct spawn_extra {
	const int *close; /* closed in the child, unless something is mapped there */
	size_t n_close;
	bool cancellable; /* a cancelled thread leaves while it waits, and nothing is left behind */
};

/* ss_spawn, but 0 or -errno. extra may be NULL. */
int ss__spawn_child(struct ss_child *child, char *const argv[], const struct ss_options *options,
	const struct spawn_extra *extra);

#endif
