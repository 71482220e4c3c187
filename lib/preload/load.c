/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "preload/inherit.h"
#include "preload/report.h"
#include "preload/settings.h"

/*
 * All that a process pays that never spawns. The environment is read here and not at first use, as
 * programs change theirs, and some overwrite the block it came in.
 */
__attribute__((constructor)) static void load(void)
{
	if (!settings()->inherit && environ)
		inherit_drop(environ);
	report_start();
}

/* atexit and pthread_atfork ask for it. Else it comes with start files, which have each process do
 * more that is of no use here. */
extern void *__dso_handle __attribute__((visibility("hidden")));
void *__dso_handle;
