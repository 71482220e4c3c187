/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel where mappings end. mremap fails with EFAULT beyond the end of a mapping. It
 * cannot enlarge a mapping in place that goes on (ENOMEM; EAGAIN for locked memory). It succeeds
 * only if the mapping ends at `end`.
 */
#include "preload/leanfork/joined.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/leanfork/gate.h"

uintptr_t page_size(void)
{
	return (uintptr_t)sysconf(_SC_PAGESIZE);
}

static bool goes_on(uintptr_t start, uintptr_t end, uintptr_t page)
{
	long r = gate4(SYS_mremap, start, end - start, end - start + page, 0);
	if (r == (long)start)
		gate2(SYS_munmap, end, page);
	return r == -ENOMEM || r == -EAGAIN || r == (long)start;
}

bool is_one_mapping(uintptr_t start, uintptr_t end)
{
	return goes_on(start, end, page_size());
}

bool is_joined(uintptr_t at)
{
	uintptr_t page = page_size();
	return goes_on(at - page, at + page, page);
}
