/* SPDX-License-Identifier: MIT */
/*
 * Mode 0: two adjacent mappings that each pass, merge, and then fork fails. Untouched, so that they
 * cost nothing.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>

#include "kernel.h"
#include "leak.h"
#include "measure.h"
#include "preflight/parse.h"
#include "sysctl_guard.h"

static void expect(enum ss_fork_verdict verdict, int error, size_t largest)
{
	struct ss_preflight r = {.size = sizeof r};
	assert_int_equal(ss_preflight(&r, 0), 0);
	assert_int_equal(r.verdict, verdict);
	assert_int_equal(try_fork(), error);
	if (error)
		assert_int_equal(r.cause, SS_CAUSE_MAPPING_RAM);
	assert_int_equal(r.largest_bytes, largest);
}

/* The bound in bytes; 0 where this kernel has another rule. */
static size_t ram_and_swap(void)
{
	struct sysinfo info;
	assert_int_equal(sysinfo(&info), 0);
	return (info.totalram + info.totalswap) * info.mem_unit;
}

static void merged_mappings_are_larger_than_ram(void **state)
{
	(void)state;
	if (!sysctl_guard_may("vm/overcommit_memory"))
		skip();
	struct sysctl_guard guard;
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	assert_int_equal(sysctl_guard_set(&guard, "vm/overcommit_memory", "0"), 0);
	const size_t page = 4096, bound = ram_and_swap(), half = bound / 2 / page * page;
	char *room = mmap(NULL, bound + 16 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(room, MAP_FAILED);
	room += page;
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	assert_ptr_equal(mmap(room, half, prot, flags, -1, 0), room);
	expect(SS_FORK_OK, 0, half);
	char *second = room + half;
	assert_ptr_equal(mmap(second, bound - half, prot, flags, -1, 0), second);
	expect(SS_FORK_OK, 0, bound);
	char *third = room + bound;
	assert_ptr_equal(mmap(third, page, prot, flags, -1, 0), third);
	expect(SS_FORK_ENOMEM, ENOMEM, bound + page);

	/* A page in between that is not the same takes them apart again. */
	assert_int_equal(mprotect(second, page, PROT_NONE), 0);
	struct ss_preflight r = {.size = sizeof r};
	assert_int_equal(ss_preflight(&r, 0), 0);
	assert_int_equal(r.verdict, SS_FORK_OK);
	assert_int_equal(try_fork(), 0);
	assert_int_equal(mprotect(second, page, prot), 0);
	expect(SS_FORK_ENOMEM, ENOMEM, bound + page);
	assert_int_equal(madvise(room, bound + page, MADV_DONTFORK), 0);
	assert_int_equal(ss_preflight(&r, 0), 0);
	assert_int_equal(r.verdict, SS_FORK_OK);
	assert_int_equal(try_fork(), 0);

	munmap(room - page, bound + 16 * page);
	assert_int_equal(sysctl_guard_end(&guard), 0);
}

/* What JVMs and sanitizers do: address space without end, but not charged. */
static void reserves_larger_than_ram_pass(void **state)
{
	(void)state;
	if (!sysctl_guard_may("vm/overcommit_memory"))
		skip();
	struct sysctl_guard guard;
	struct ss_preflight r = {.size = sizeof r};
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	assert_int_equal(sysctl_guard_set(&guard, "vm/overcommit_memory", "0"), 0);
	const size_t size = ram_and_swap() * 2;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *none = mmap(NULL, size, PROT_NONE, flags, -1, 0);
	void *rw = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	assert_ptr_not_equal(none, MAP_FAILED);
	assert_ptr_not_equal(rw, MAP_FAILED);
	assert_int_equal(ss_preflight(&r, 0), 0);
	assert_int_equal(r.verdict, SS_FORK_OK);
	assert_true(r.exact);
	assert_int_equal(try_fork(), 0);
	munmap(none, size);
	munmap(rw, size);
	assert_int_equal(sysctl_guard_end(&guard), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(merged_mappings_are_larger_than_ram),
		TEST(reserves_larger_than_ram_pass),
	};
	return RUN_TESTS(tests);
}
