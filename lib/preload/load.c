/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "preload/inherit.h"
#include "preload/report.h"
#include "preload/settings.h"

/*
 * This is the whole cost for a process that never spawns. The environment is read now rather than
 * at first use, because programs change it, and some overwrite the block it came in.
 */
__attribute__((constructor)) static void load(void)
{
	if (!settings()->inherit && environ)
		inherit_drop(environ);
	report_start();
}

/* atexit and pthread_atfork need this symbol. The start files would define it, but they add work
 * for each process that is of no use here. */
extern void *__dso_handle __attribute__((visibility("hidden")));
void *__dso_handle;
