/* SPDX-License-Identifier: MIT */
/* What happens when the shim is loaded. */
#include <unistd.h>

#include "preload/inherit.h"
#include "preload/report.h"
#include "preload/settings.h"

/*
 * This is the whole cost of the shim for a process that never spawns. The environment is read now,
 * because programs change it, and some overwrite its block.
 */
__attribute__((constructor)) static void load(void)
{
	if (!settings()->inherit && environ)
		inherit_drop(environ);
	report_start();
}

/* atexit and pthread_atfork need this symbol. The start files would define it, but they add work to
 * each process. */
extern void *__dso_handle __attribute__((visibility("hidden")));
void *__dso_handle;
