/* SPDX-License-Identifier: MIT */
/* Included first in each file of a coverage build: a process that ends by _exit writes its counts, too. */
#ifndef __ASSEMBLER__
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void __gcov_dump(void);
void __gcov_reset(void);

/* In a lean fork, and in its tests' children, the counts are in another process's memory. */
static inline _Noreturn void coverage_exit(int status)
{
	if (!strstr(__BASE_FILE__, "leanfork")) {
		__gcov_dump();
		__gcov_reset();
	}
	_exit(status);
}

#define _exit(status) coverage_exit(status)
#define _Exit(status) coverage_exit(status)
#endif
