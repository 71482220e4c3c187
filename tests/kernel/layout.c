/* SPDX-License-Identifier: MIT */
#include "layout.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static char *map(size_t size, int prot, int flags, int fd)
{
	char *p = mmap(NULL, size, prot, flags, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

/* Every page, every third, or only the first. */
static void touch(char *p, size_t size)
{
	size_t step = (size_t)(rand() % 3 ? 1 : 3) * PAGE;
	for (size_t i = 0; p && i < size; i += step)
		p[i] = 1;
}

static int memory_file(size_t size)
{
	int fd = memfd_create("layout", MFD_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, (off_t)size))
		return -1;
	return fd;
}

static int disk_file(size_t size)
{
	char name[] = "/tmp/layout.XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);
	unlink(name);
	if (fd >= 0 && ftruncate(fd, (off_t)size))
		return -1;
	return fd;
}

static char *anon(size_t size)
{
	return map(size, RW, ANON, -1);
}

static char *anon_touched(size_t size)
{
	char *p = anon(size);
	touch(p, size);
	return p;
}

static void untouched(size_t size)
{
	anon(size);
}

static void touched(size_t size)
{
	anon_touched(size);
}

static void read_only(size_t size)
{
	map(size, PROT_READ, ANON, -1);
}

static void no_access(size_t size)
{
	map(size * 8, PROT_NONE, ANON, -1);
}

static void reserve_partly_used(size_t size)
{
	char *p = map(size * 8, PROT_NONE, ANON, -1);
	if (p && mprotect(p + size, size, RW) == 0)
		touch(p + size, size);
}

static void touched_then_read_only(size_t size)
{
	char *p = anon_touched(size);
	if (p)
		mprotect(p, size, PROT_READ);
}

static void untouched_then_read_only(size_t size)
{
	char *p = anon(size);
	if (p)
		mprotect(p, size, PROT_READ);
}

static void touched_then_no_access(size_t size)
{
	char *p = anon_touched(size);
	if (p)
		mprotect(p, size, PROT_NONE);
}

static void write_only(size_t size)
{
	map(size, PROT_WRITE, ANON, -1);
}

static void executable(size_t size)
{
	char *p = anon_touched(size);
	if (p)
		mprotect(p, size, PROT_READ | PROT_EXEC);
}

static void shared(size_t size)
{
	touch(map(size, RW, MAP_SHARED | MAP_ANONYMOUS, -1), size);
}

static void shared_memory_file(size_t size)
{
	touch(map(size, RW, MAP_SHARED, memory_file(size)), size);
}

static void private_memory_file(size_t size)
{
	touch(map(size, RW, MAP_PRIVATE, memory_file(size)), size);
}

static void private_file(size_t size)
{
	touch(map(size, RW, MAP_PRIVATE, disk_file(size)), size);
}

static void private_file_untouched(size_t size)
{
	map(size, RW, MAP_PRIVATE, disk_file(size));
}

static void private_file_read_only(size_t size)
{
	map(size, PROT_READ, MAP_PRIVATE, disk_file(size));
}

static void shared_file(size_t size)
{
	touch(map(size, RW, MAP_SHARED, disk_file(size)), size);
}

/* As the dynamic linker leaves relocated data. */
static void relro(size_t size)
{
	char *p = map(size, RW, MAP_PRIVATE, disk_file(size));
	touch(p, size);
	if (p)
		mprotect(p, size / 2 / PAGE * PAGE, PROT_READ);
}

static void zero_device(size_t size)
{
	touch(map(size, RW, MAP_PRIVATE, open("/dev/zero", O_RDWR | O_CLOEXEC)), size);
}

static void shared_zero_device(size_t size)
{
	touch(map(size, RW, MAP_SHARED, open("/dev/zero", O_RDWR | O_CLOEXEC)), size);
}

static void no_reserve(size_t size)
{
	touch(map(size, RW, ANON | MAP_NORESERVE, -1), size);
}

static void no_reserve_untouched(size_t size)
{
	map(size * 8, RW, ANON | MAP_NORESERVE, -1);
}

static void no_reserve_made_writable(size_t size)
{
	char *p = map(size, PROT_READ, ANON | MAP_NORESERVE, -1);
	if (p && mprotect(p, size, RW) == 0)
		touch(p, size);
}

static void advised(size_t size, int advice)
{
	char *p = anon_touched(size);
	if (p)
		madvise(p, size, advice);
}

static void dont_fork(size_t size)
{
	advised(size, MADV_DONTFORK);
}

static void dont_fork_partly(size_t size)
{
	char *p = anon_touched(size * 2);
	if (p)
		madvise(p, size, MADV_DONTFORK);
}

static void dont_fork_and_do(size_t size)
{
	char *p = anon_touched(size);
	if (p && madvise(p, size, MADV_DONTFORK) == 0)
		madvise(p, size, MADV_DOFORK);
}

static void wipe_on_fork(size_t size)
{
	advised(size, MADV_WIPEONFORK);
}

static void not_dumped(size_t size)
{
	advised(size, MADV_DONTDUMP);
}

static void mergeable(size_t size)
{
	advised(size, MADV_MERGEABLE);
}

static void dropped(size_t size)
{
	advised(size, MADV_DONTNEED);
}

static void freed(size_t size)
{
	advised(size, MADV_FREE);
}

static void huge(size_t size)
{
	char *p = anon(size + (4 << 20));
	if (p && madvise(p, size + (4 << 20), MADV_HUGEPAGE) == 0)
		touch(p, size + (4 << 20));
}

static void huge_device(size_t size)
{
	(void)size;
	touch(map(2 << 20, RW, ANON | MAP_HUGETLB, -1), 2 << 20);
}

static void droppable(size_t size)
{
	touch(map(size, RW, MAP_DROPPABLE | MAP_ANONYMOUS, -1), size);
}

static void locked(size_t size)
{
	char *p = anon(size);
	if (p)
		mlock(p, size);
}

static void break_moved(size_t size)
{
	char *p = sbrk((intptr_t)size);
	if (p != (void *)-1)
		touch(p, size);
}

static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void thread(size_t size)
{
	pthread_t id;
	(void)size;
	if (pthread_create(&id, NULL, sleep_for_ever, NULL) == 0)
		pthread_detach(id);
}

static void grows_down(size_t size)
{
	touch(map(size, RW, ANON | MAP_GROWSDOWN, -1), size);
}

static void __attribute__((noinline)) deep_stack(size_t size)
{
	volatile char frame[16 * PAGE];
	for (size_t i = 0; i < sizeof frame; i += PAGE)
		frame[i] = 1;
	if (size > sizeof frame)
		deep_stack(size - sizeof frame);
	frame[0] = 2;
}

static void grown(size_t size)
{
	char *p = anon_touched(size);
	if (p)
		mremap(p, size, size * 2, MREMAP_MAYMOVE);
}

static void shrunk(size_t size)
{
	char *p = anon_touched(size * 2);
	if (p)
		mremap(p, size * 2, size, 0);
}

static void with_a_hole(size_t size)
{
	char *p = anon_touched(size * 3);
	if (p)
		munmap(p + size, size);
}

static void split(size_t size)
{
	char *p = anon_touched(size * 3);
	if (p)
		mprotect(p + size, size, PROT_READ);
}

static void merged(size_t size)
{
	char *p = map(size * 2, PROT_NONE, ANON, -1);
	if (!p)
		return;
	touch(mmap(p, size, RW, ANON | MAP_FIXED, -1, 0), size);
	mmap(p + size, size, RW, ANON | MAP_FIXED, -1, 0);
}

static const struct {
	const char *name;
	void (*build)(size_t size);
} kinds[] = {
/* clang-format off */
#define KIND(f) {#f, f}
	KIND(untouched), KIND(touched), KIND(read_only), KIND(no_access),
	KIND(reserve_partly_used), KIND(touched_then_read_only), KIND(untouched_then_read_only),
	KIND(touched_then_no_access), KIND(write_only), KIND(executable), KIND(shared),
	KIND(shared_memory_file), KIND(private_memory_file), KIND(private_file),
	KIND(private_file_untouched), KIND(private_file_read_only), KIND(shared_file), KIND(relro),
	KIND(zero_device), KIND(shared_zero_device), KIND(no_reserve), KIND(no_reserve_untouched),
	KIND(no_reserve_made_writable), KIND(dont_fork), KIND(dont_fork_partly),
	KIND(dont_fork_and_do), KIND(wipe_on_fork), KIND(not_dumped), KIND(mergeable),
	KIND(dropped), KIND(freed), KIND(huge), KIND(huge_device), KIND(droppable), KIND(locked),
	KIND(break_moved), KIND(thread), KIND(grows_down), KIND(deep_stack), KIND(grown),
	KIND(shrunk), KIND(with_a_hole), KIND(split), KIND(merged),
	/* clang-format on */
};

void layout_build(unsigned seed, char *description, size_t size)
{
	size_t used = 0;
	srand(seed);
	for (int n = 1 + rand() % 20; n > 0; n--) {
		size_t kind = (size_t)rand() % (sizeof kinds / sizeof kinds[0]);
		size_t pages = 1 + (size_t)rand() % (rand() % 4 ? 64 : 1024);
		kinds[kind].build(pages * PAGE);
		if (used < size)
			used += (size_t)snprintf(description + used, size - used, " %s:%zu",
				kinds[kind].name, pages);
	}
}
