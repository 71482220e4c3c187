/* SPDX-License-Identifier: MIT */
#include "preload/next.h"
#include "preload/settings.h"

/* All that a process pays that never spawns. */
__attribute__((constructor)) static void load(void)
{
	settings();
	next_resolve();
}
