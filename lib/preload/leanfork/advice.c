/* SPDX-License-Identifier: MIT */
/* What a program tells the kernel that can't be asked for later at a price worth paying. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/leanfork/lean.h"
#include "preload/visible.h"

#define SET_DISPATCH 59

/* Memory that a child shall not have, or shall have as zeros. */
VISIBLE int madvise(void *at, size_t len, int advice)
{
	if (advice == MADV_DONTFORK || advice == MADV_WIPEONFORK)
		lean_advised((uintptr_t)at, (uintptr_t)at + len);
	return (int)syscall(SYS_madvise, at, len, advice);
}

VISIBLE int prctl(int option, ...)
{
	unsigned long args[4];
	va_list list;
	va_start(list, option);
	for (int i = 0; i < 4; i++)
		args[i] = va_arg(list, unsigned long);
	va_end(list);
	if (option == SET_DISPATCH)
		lean_own_dispatch();
	return (int)syscall(SYS_prctl, option, args[0], args[1], args[2], args[3]);
}
