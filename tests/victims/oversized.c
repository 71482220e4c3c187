/* SPDX-License-Identifier: MIT */
/* Preloaded: gives the program of the name $OVERSIZED one mapping larger than memory and swap, so that the kernel
 * refuses its forks in the overcommit mode that is usual. Nothing of it is ever touched. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

static void *map(void *at, size_t size, int prot, int flags)
{
	void *got = mmap(at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
	if (got == MAP_FAILED)
		_exit(93);
	return got;
}

/* Each half is small enough to be promised; next to each other they are one mapping. */
__attribute__((constructor)) static void grow(void)
{
	const char *name = getenv("OVERSIZED");
	struct sysinfo info;
	if (!name || strcmp(name, program_invocation_short_name) != 0 || sysinfo(&info))
		return;
	size_t all = (info.totalram + info.totalswap) * info.mem_unit;
	size_t half = (all / 2 + (all / 16)) & ~(size_t)0xfffff;
	char *at = map(NULL, 2 * half, PROT_NONE, MAP_NORESERVE);
	map(at, half, PROT_READ | PROT_WRITE, MAP_FIXED);
	map(at + half, half, PROT_READ | PROT_WRITE, MAP_FIXED);
}
