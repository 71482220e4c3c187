/* SPDX-License-Identifier: MIT */
/*
 * A seccomp filter of the program's own may kill it for any system call that it does not make
 * itself. From then on the shim makes none: commands and forks are libc's, and no report is
 * written. Hazards:
 *
 *  1. To ask for filters takes a system call. So the step before is recorded: an unprivileged
 *     filter needs PR_SET_NO_NEW_PRIVS first, and libseccomp always sets it.
 *  2. exec forgets the record and keeps the filter. So report.c looks for a filter when the shim is
 *     loaded.
 */
#include "preload/sandbox.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "preload/next.h"
#include "preload/exported.h"

static atomic_bool entered;

bool sandbox_entered(void)
{
	return atomic_load_explicit(&entered, memory_order_relaxed);
}

EXPORTED int prctl(int option, ...)
{
	unsigned long args[4];
	va_list list;
	va_start(list, option);
	for (int i = 0; i < 4; i++)
		args[i] = va_arg(list, unsigned long);
	va_end(list);
	if (option == PR_SET_SECCOMP || option == PR_SET_NO_NEW_PRIVS)
		atomic_store_explicit(&entered, true, memory_order_relaxed);
	return next_prctl(option, args);
}
