/* SPDX-License-Identifier: MIT */
/*
 * Memory that is more than plainly mapped: a lean child finds in each page what a native one does,
 * a fault included, and the parent keeps it as it is.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flags.h"
#include "forking.h"

#define SIDE ((size_t)4096)
#define AREA ((size_t)6 << 20)
#define PAGES (AREA / SIDE)
#define HUGE ((size_t)2 << 20)

#define GUARD_INSTALL 102
#define NR_MSEAL 462

static unsigned char *area;
static short *native_view; /* shared: what the native child has found, page by page */

static sigjmp_buf after_fault;
static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(after_fault, 1);
}

/* The page's content in short, or -1 if it can't be read. */
static short view(size_t page)
{
	const volatile unsigned char *at = area + page * SIDE;
	if (sigsetjmp(after_fault, 1))
		return -1;
	return (short)(at[0] ^ at[SIDE / 2] << 1 ^ at[SIDE - 1] << 2);
}

static int notes(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < PAGES; i++)
		native_view[i] = view(i);
	return 0;
}

static int compares(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < PAGES; i++)
		if (view(i) != native_view[i])
			return 2;
	return 0;
}

/* In the order of their addresses backwards, and by writing. */
static int overwrites(void *arg)
{
	(void)arg;
	for (size_t i = PAGES; i-- > 0;) {
		if (view(i) != native_view[i])
			return 3;
		if (native_view[i] >= 0)
			memset(area + i * SIDE, 0xa5, SIDE);
	}
	for (size_t i = 0; i < PAGES; i++)
		if (native_view[i] >= 0 && area[i * SIDE] != 0xa5)
			return 4;
	return 0;
}

static int reads_only_the_first(void *arg)
{
	(void)arg;
	return view(0) == native_view[0] ? 0 : 5;
}

static void fill(size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		memset(area + i * SIDE, (int)(i * 7 + 1), SIDE);
}

/* Each makes the area; false: there is no such thing here. */
static bool map(int flags, size_t more)
{
	area = mmap(NULL, AREA + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags,
		-1, 0);
	if (area == MAP_FAILED)
		return false;
	area = (unsigned char *)(((uintptr_t)area + more) & ~(uintptr_t)more);
	return true;
}

static bool map_and_fill(int flags)
{
	if (!map(flags, 0))
		return false;
	fill(0, PAGES);
	return true;
}

static bool plain(void)
{
	return map_and_fill(0);
}

static bool huge_pages(void)
{
	if (!map(0, HUGE - 1) || madvise(area, AREA, MADV_HUGEPAGE))
		return false;
	fill(0, PAGES);
	return true;
}

static bool partly_huge_pages(void)
{
	if (!map(0, HUGE - 1) || madvise(area, HUGE, MADV_HUGEPAGE))
		return false;
	fill(0, PAGES / 2);
	return true;
}

static bool not_reserved(void)
{
	return map_and_fill(MAP_NORESERVE);
}

static bool locked(void)
{
	return map_and_fill(MAP_LOCKED);
}

static bool locked_with_all(void)
{
	return map_and_fill(0) && mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
}

static bool locked_on_fault(void)
{
	return map(0, 0) && mlock2(area, AREA, MLOCK_ONFAULT) == 0 && (fill(0, PAGES / 3), true);
}

static bool never_touched(void)
{
	return map(0, 0);
}

static bool free_when_needed(void)
{
	return map_and_fill(0) && madvise(area, AREA / 2, MADV_FREE) == 0;
}

static bool given_back(void)
{
	return map_and_fill(0) && madvise(area + 5 * SIDE, AREA / 2, MADV_DONTNEED) == 0;
}

static bool guard_pages(void)
{
	return map_and_fill(0) && madvise(area + 9 * SIDE, 3 * SIDE, GUARD_INSTALL) == 0 &&
	       madvise(area + AREA / 2, AREA / 4, GUARD_INSTALL) == 0;
}

static bool sealed(void)
{
	return map_and_fill(0) && syscall(NR_MSEAL, area, AREA, 0) == 0;
}

static bool partly_read_only(void)
{
	return map_and_fill(0) && mprotect(area + AREA / 2, AREA / 2, PROT_READ) == 0 &&
	       mprotect(area + AREA / 2, AREA / 4, PROT_READ | PROT_WRITE) == 0;
}

static bool partly_no_access(void)
{
	return map_and_fill(0) && mprotect(area + 3 * SIDE, SIDE, PROT_NONE) == 0;
}

static bool with_a_key(void)
{
	long key = syscall(SYS_pkey_alloc, 0, 0);
	return key >= 0 && map_and_fill(0) &&
	       syscall(SYS_pkey_mprotect, area, AREA, PROT_READ | PROT_WRITE, key) == 0;
}

static const struct kind {
	const char *name;
	bool (*make)(void);
	bool writable; /* wherever it can be read */
	bool stays;    /* the kernel doesn't let it be left out */
} kinds[] = {
	{"plain", plain, true, false},
	{"huge pages", huge_pages, true, false},
	{"partly huge pages", partly_huge_pages, true, false},
	{"MAP_NORESERVE", not_reserved, true, false},
	{"MAP_LOCKED", locked, true, false},
	{"mlockall", locked_with_all, true, false},
	{"MLOCK_ONFAULT", locked_on_fault, true, false},
	{"never touched", never_touched, true, false},
	{"MADV_FREE", free_when_needed, true, false},
	{"MADV_DONTNEED", given_back, true, false},
	{"guard pages", guard_pages, true, false},
	{"sealed", sealed, true, true},
	{"partly read-only", partly_read_only, false, false},
	{"partly without access", partly_no_access, true, false},
	{"a protection key", with_a_key, true, false},
};

static const struct step {
	const char *name;
	int (*body)(void *arg);
	bool writes;
} steps[] = {
	{"the first page", reads_only_the_first, false},
	{"reads", compares, false},
	{"writes", overwrites, true},
};

static bool as_it_should(
	const struct kind *kind, const struct step *step, enum lean_kind how, int status)
{
	bool out = last.bytes >= AREA / 2;
	if (status == 0 && last.outcome != LEAN_FAILED && out == !kind->stays)
		return true;
	print_error("%s, %s, %s: status %#x, outcome %d, reason %d, %llu bytes left out\n",
		kind->name, step->name, how == LEAN_EAGER ? "eager" : "rescue", (unsigned)status,
		(int)last.outcome, (int)last.reason, (unsigned long long)last.bytes);
	return false;
}

static bool same_as_native(const struct kind *kind)
{
	static struct flags before, after;
	int status = -1;
	pid_t pid = fork();
	if (pid == 0)
		_exit(notes(NULL));
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return false;
	flags_read(&before, area, AREA);
	bool good = true;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (steps[i].writes && !kind->writable)
			continue;
		for (int how = LEAN_EAGER; how <= LEAN_RESCUE; how++) {
			status = run_lean((enum lean_kind)how, steps[i].body, NULL);
			good &= as_it_should(kind, &steps[i], (enum lean_kind)how, status);
		}
	}
	flags_read(&after, area, AREA);
	assert_same_flags(&before, &after);
	return good && compares(NULL) == 0;
}

/* 0, 1: wrong; 77: not here. */
static int in_own_process(const struct kind *kind)
{
	struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};
	struct sigaction action = {.sa_handler = on_fault};
	setrlimit(RLIMIT_MEMLOCK, &most);
	sigaction(SIGSEGV, &action, NULL);
	if (!kind->make())
		return 77;
	return same_as_native(kind) ? 0 : 1;
}

static void each_kind_is_as_natively(void **state)
{
	int bad = 0;
	(void)state;
	native_view = mmap(NULL, PAGES * sizeof *native_view, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(native_view, MAP_FAILED);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		int status = -1;
		pid_t pid = fork();
		if (pid == 0)
			_exit(in_own_process(&kinds[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status == 77 << 8)
			print_message("%s: not here\n", kinds[i].name);
		else if (status != 0)
			print_error("%s: WRONG, status %#x\n", kinds[i].name, (unsigned)status);
		bad += status != 0 && status != 77 << 8;
	}
	munmap(native_view, PAGES * sizeof *native_view);
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_kind_is_as_natively),
	};
	return RUN_TESTS(tests);
}
