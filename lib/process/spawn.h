/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SPAWN_H
#define PROCESS_SPAWN_H

#include <safespawn.h>

#include "process/spawn_extra.h"

/* ss_spawn that returns 0 or -errno and does not know options->user. extra may be NULL. */
int ss__spawn_child(struct ss_child *child, char *const argv[], const struct ss_options *options,
	const struct spawn_extra *extra);

#endif
