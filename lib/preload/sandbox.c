/* SPDX-License-Identifier: MIT */
/*
 * A program with a seccomp filter of its own may be killed for any system call that it does not
 * make itself. From then on the shim makes none: commands and forks are libc's, and no report is
 * written. Hazards:
 *
 * 1. To ask for filters takes a system call. So the step before one is noted: without privilege
 *    there is no filter unless PR_SET_NO_NEW_PRIVS comes first, and libseccomp sets that in any
 *    case.
 * 2. exec forgets the note and keeps the filter: report.c looks for a filter when it is loaded.
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
