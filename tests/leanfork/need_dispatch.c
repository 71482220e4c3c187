/* SPDX-License-Identifier: MIT */
/* For every test that is linked with this. */
#include <stdio.h>
#include <unistd.h>

#include "kernel.h"

static void __attribute__((constructor)) need_dispatch(void)
{
	if (kernel_dispatches_calls())
		return;
	puts("needs syscall user dispatch, Linux 5.11");
	fflush(stdout);
	_exit(77);
}
