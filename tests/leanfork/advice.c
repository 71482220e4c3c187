/* SPDX-License-Identifier: MIT */
/*
 * What the program has told the kernel about its memory in a child is done, however it was told and
 * whatever becomes of the fork, and it is still told afterwards.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flags.h"
#include "forking.h"
#include "preload/leanfork/parent_dontfork.h"
#include "seccomp.h"

#define SIDE ((size_t)4096)
#define PAGES 96
#define AREA (PAGES * SIDE)

static unsigned char *area;

/* What a child is to find in a page. */
static enum view { ABSENT, ZEROS, CONTENT } expected[PAGES];

/* Mappings of the area are no neighbours of any other, and come before any other if it is low. */
static void make_area_at(void *options)
{
	unsigned char *all = mmap(options, AREA + 2 * SIDE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(all, MAP_FAILED);
	area = all + SIDE;
	assert_int_equal(mprotect(area, AREA, PROT_READ | PROT_WRITE), 0);
	for (size_t i = 0; i < PAGES; i++) {
		memset(area + i * SIDE, (int)i + 1, SIDE);
		expected[i] = CONTENT;
	}
}

static void make_area(void)
{
	make_area_at(NULL);
}

static void drop_area(void)
{
	assert_int_equal(munmap(area - SIDE, AREA + 2 * SIDE), 0);
}

static void advise(size_t from, size_t to, int advice)
{
	if (from >= to)
		return;
	assert_int_equal(syscall(SYS_madvise, area + from * SIDE, (to - from) * SIDE, advice), 0);
	for (size_t i = from; i < to; i++)
		if (advice == MADV_DONTFORK)
			expected[i] = ABSENT;
		else if (advice == MADV_WIPEONFORK && expected[i] != ABSENT)
			expected[i] = ZEROS;
}

static enum view view_of(size_t page)
{
	unsigned char *at = area + page * SIDE;
	void *taken =
		mmap(at, SIDE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (taken != MAP_FAILED)
		return ABSENT;
	return at[0] == page + 1 && at[SIDE - 1] == page + 1 ? CONTENT : ZEROS;
}

/* A page that is not as expected, counted from 100, or 7. */
static int sees_what_is_expected(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < PAGES; i++)
		if (view_of(i) != expected[i])
			return 100 + (int)i;
	return 7;
}

static int run_natively(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(sees_what_is_expected(NULL));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void assert_the_same(void)
{
	struct flags *before = malloc(sizeof *before), *after = malloc(sizeof *after);
	flags_read(before, area, AREA);
	assert_int_equal(run_natively(), 7 << 8);
	assert_int_equal(run_lean(LEAN_EAGER, sees_what_is_expected, NULL), 7 << 8);
	assert_int_equal(last.outcome, LEAN_DONE);
	assert_int_equal(run_lean(LEAN_RESCUE, sees_what_is_expected, NULL), 7 << 8);
	assert_int_equal(last.outcome, LEAN_DONE);
	flags_read(after, area, AREA);
	assert_same_flags(before, after);
	free(before);
	free(after);
}

static const size_t borders[] = {0, 1, 2, 3, 40, PAGES - 4, PAGES - 3, PAGES - 2, PAGES - 1, PAGES};
#define N_BORDERS (sizeof borders / sizeof borders[0])

static void at_every_border(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_BORDERS; i++)
		for (size_t j = i; j < N_BORDERS; j++)
			for (int which = 1; which <= 3; which++) {
				make_area();
				if (which & 1)
					advise(borders[i], borders[j], MADV_DONTFORK);
				if (which & 2)
					advise(borders[i], borders[j], MADV_WIPEONFORK);
				assert_the_same();
				drop_area();
			}
}

/* Neighbours that differ in one thing or the other, or in something that does not matter here. */
static void side_by_side(void **state)
{
	static const int advices[] = {MADV_DONTFORK, MADV_WIPEONFORK, MADV_DOFORK, MADV_DONTDUMP,
		MADV_NOHUGEPAGE, MADV_HUGEPAGE};
	uint64_t seed = 88172645463325252;
	(void)state;
	for (int n = 0; n < 150; n++) {
		make_area();
		for (int k = 0; k < 4; k++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			size_t from = (seed >> 8) % PAGES,
			       to = from + (seed >> 20) % (PAGES - from) + 1;
			int advice = advices[(seed >> 40) % 6];
			if (advice == MADV_DOFORK) {
				mprotect(area + from * SIDE, SIDE, PROT_READ);
				continue;
			}
			advise(from, to, advice);
		}
		assert_the_same();
		drop_area();
	}
}

static void locked_memory(void **state)
{
	(void)state;
	make_area();
	if (mlock(area, AREA) != 0)
		skip();
	assert_the_same();
	advise(20, PAGES, MADV_WIPEONFORK);
	assert_the_same();
	drop_area();
}

static void memory_never_touched(void **state)
{
	(void)state;
	make_area();
	madvise(area, AREA, MADV_DONTNEED);
	for (size_t i = 0; i < PAGES; i++)
		expected[i] = ZEROS;
	assert_the_same();
	advise(0, PAGES, MADV_DONTFORK);
	assert_the_same();
	drop_area();
}

/* The heap grows by what follows it. */
static void the_heap(void **state)
{
	unsigned char *start = sbrk(AREA + SIDE);
	(void)state;
	assert_ptr_not_equal(start, (void *)-1);
	area = start + -(uintptr_t)start % SIDE;
	for (size_t i = 0; i < PAGES; i++) {
		memset(area + i * SIDE, (int)i + 1, SIDE);
		expected[i] = CONTENT;
	}
	advise(30, PAGES, MADV_WIPEONFORK);
	assert_the_same();
	assert_int_equal(madvise(area, AREA, MADV_KEEPONFORK), 0);
	if (sbrk(0) == start + AREA + SIDE)
		sbrk(-(intptr_t)(AREA + SIDE));
}

/* In a process of its own, which can't clone. */
static int is_refused(void)
{
	static const struct refusal refusals[] = {{SYS_clone, ENOMEM, 0, 0}, {435, ENOSYS, 0, 0},
#ifdef SYS_fork
		{SYS_fork, ENOMEM, 0, 0}
#endif
	};
	static struct flags before, after;
	struct lean_options too_much = {.kind = LEAN_EAGER,
		.least_total = UINT64_C(1) << 50,
		.least_range = 65536,
		.libc_fork = fork};
	signal(SIGSYS, SIG_DFL);
	if (refuse_calls(refusals, sizeof refusals / sizeof refusals[0]) < 0)
		return 77;
	make_area();
	advise(2, 30, MADV_DONTFORK);
	advise(60, PAGES, MADV_WIPEONFORK);
	flags_read(&before, area, AREA);
	for (int n = 0; n < 3; n++) {
		if (fork_lean(LEAN_EAGER) != -1 || errno != ENOMEM)
			return 1;
		if (fork_lean(LEAN_RESCUE) != -1 || errno != ENOMEM || last.outcome != LEAN_FAILED)
			return 2;
		if (lean_fork(&too_much, &last) != -1)
			return 3;
	}
	flags_read(&after, area, AREA);
	assert_same_flags(&before, &after);
	return 0;
}

static void a_fork_that_fails(void **state)
{
	int status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(is_refused());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

/* All there is to leave out turns out to be the kernel's: nothing lean about such a fork. */
static void too_little_remains(void **state)
{
	struct lean_options options = {.kind = LEAN_EAGER,
		.least_total = BLOCK_SIZE / 2,
		.least_range = BLOCK_SIZE / 2,
		.libc_fork = fork};
	static struct flags before, after;
	int status;
	(void)state;
	assert_int_equal(madvise(block, BLOCK_SIZE, MADV_WIPEONFORK), 0);
	flags_read(&before, block, BLOCK_SIZE);
	pid_t pid = lean_fork(&options, &last);
	if (pid == 0)
		_exit(block[5] == 0 ? 7 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	flags_read(&after, block, BLOCK_SIZE);
	assert_int_equal(madvise(block, BLOCK_SIZE, MADV_KEEPONFORK), 0);
	assert_int_equal(status, 7 << 8);
	assert_int_equal(last.outcome, LEAN_NATIVE);
	assert_int_equal(last.reason, LEAN_SMALL);
	assert_same_flags(&before, &after);
}

/*
 * Mappings without end, so that only a few more may be had: in a process of its own. Where two could
 * not be joined again there may be one more than before.
 */
static int is_short_of_mappings(size_t spare)
{
	static struct flags before, after;
	size_t i = 0, most = 70000;
	unsigned char *many = mmap(NULL, most * 2 * SIDE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	make_area_at((void *)(uintptr_t)0x10000000000);
	while (mprotect(many + i * 2 * SIDE, SIDE, PROT_READ) == 0)
		if (++i == most)
			return 77;
	for (; spare > 0; spare -= 2)
		mprotect(many + --i * 2 * SIDE, SIDE, PROT_NONE);
	flags_read(&before, area, AREA);
	int status = run_lean(LEAN_EAGER, sees_what_is_expected, NULL);
	flags_read(&after, area, AREA);
	flags_join(&after);
	assert_same_flags(&before, &after);
	return status == 7 << 8 ? 0 : 1;
}

static void few_mappings_left(void **state)
{
	int status;
	(void)state;
	for (size_t spare = 0; spare <= 12; spare += 2) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(is_short_of_mappings(spare));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			skip();
		assert_int_equal(status, 0);
	}
}

/*
 * A thread that never stops mapping, advising and unmapping, each time a mapping as a whole, while
 * another forks. Whenever it is made to pause, all is as it wanted it.
 */
#define SLOTS 12
#define LARGEST_SLOT ((size_t)512 << 10)
#define PAUSES 20
#define FORKS_BETWEEN 20

static struct slot {
	unsigned char *at, *reserved;
	size_t size;
	int left_out, wiped;
} slots[SLOTS];
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool enough;

static void change(struct slot *slot, unsigned random)
{
	static const int out[] = {MADV_DOFORK, MADV_DONTFORK};
	static const int wipe[] = {MADV_KEEPONFORK, MADV_WIPEONFORK};
	switch (random % 4) {
	case 0:
		mprotect(slot->reserved, LARGEST_SLOT, PROT_NONE);
		madvise(slot->reserved, LARGEST_SLOT, MADV_DOFORK);
		madvise(slot->reserved, LARGEST_SLOT, MADV_KEEPONFORK);
		slot->left_out = slot->wiped = 0;
		slot->size = (random / 4 % (LARGEST_SLOT / SIDE - 40) + 20) * SIDE;
		slot->at = slot->reserved + SIDE;
		mmap(slot->at, slot->size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 1:
		if (slot->size)
			memset(slot->at, (int)random, slot->size);
		break;
	case 2:
		slot->left_out = random / 4 % 2;
		madvise(slot->at, slot->size, out[slot->left_out]);
		break;
	case 3:
		slot->wiped = random / 4 % 2;
		madvise(slot->at, slot->size, wipe[slot->wiped]);
		break;
	}
}

static void *change_all(void *arg)
{
	unsigned seed = 1;
	(void)arg;
	while (!atomic_load(&enough)) {
		pthread_mutex_lock(&turn);
		for (int n = 0; n < 20; n++) {
			int which = rand_r(&seed) % SLOTS;
			if (slots[which].size)
				change(&slots[which], (unsigned)rand_r(&seed));
			else
				change(&slots[which], (unsigned)rand_r(&seed) * 4);
		}
		pthread_mutex_unlock(&turn);
	}
	return NULL;
}

static void assert_as_wanted(void)
{
	static struct flags flags;
	for (int i = 0; i < SLOTS; i++) {
		const struct slot *slot = &slots[i];
		if (!slot->size)
			continue;
		flags_read(&flags, slot->at, slot->size);
		int left_out = flags_have(&flags, slot->at, slot->size, "dc");
		int wiped = flags_have(&flags, slot->at, slot->size, "wf");
		flags_join(&flags);
		if (flags.n != 1)
			for (size_t k = 0; k < flags.n; k++)
				print_error("%lx-%lx %s\n", (unsigned long)flags.of[k].start,
					(unsigned long)flags.of[k].end, flags.of[k].text);
		assert_int_equal(flags.n, 1);
		assert_int_equal(left_out, slot->left_out);
		assert_int_equal(wiped, slot->wiped);
	}
}

static int finds_the_block(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < BLOCK_SIZE; i += SIDE * 61)
		if (block[i] != block_byte(i))
			return 1;
	return 7;
}

static void another_thread_meanwhile(void **state)
{
	pthread_t thread;
	(void)state;
	for (int i = 0; i < SLOTS; i++)
		slots[i].reserved = mmap(NULL, LARGEST_SLOT, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_int_equal(pthread_create(&thread, NULL, change_all, NULL), 0);
	for (int n = 0; n < PAUSES; n++) {
		for (int i = 0; i < FORKS_BETWEEN; i++)
			assert_int_equal(run_lean(LEAN_EAGER, finds_the_block, NULL), 7 << 8);
		pthread_mutex_lock(&turn);
		assert_as_wanted();
		pthread_mutex_unlock(&turn);
	}
	atomic_store(&enough, true);
	pthread_join(thread, NULL);
	for (int i = 0; i < SLOTS; i++)
		munmap(slots[i].reserved, LARGEST_SLOT);
}

/* Pages [from, to) are unmapped and mapped again, as a thread does meanwhile. */
static void renew(size_t from, size_t to)
{
	void *at = area + from * SIDE;
	assert_int_equal(munmap(at, (to - from) * SIDE), 0);
	assert_ptr_equal(mmap(at, (to - from) * SIDE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		at);
}

static void dontfork_between(size_t from, size_t to, size_t *pieces, bool *marked)
{
	struct flags flags;
	flags_read(&flags, area, AREA);
	*pieces = flags.n;
	*marked = flags_have(&flags, area + from * SIDE, (to - from) * SIDE, "dc");
}

static void set_mark(struct lean *lean, struct range *range)
{
	uintptr_t start = (uintptr_t)area;
	size_t pieces;
	bool marked;
	*range = (struct range){.at = {start + SIDE, start + AREA - 2 * SIDE}};
	lean->ranges = range;
	lean->choice = (struct choice){.n_ranges = 1};
	dontfork_set(lean);
	dontfork_between(1, PAGES - 2, &pieces, &marked);
	assert_true(marked);
}

/* What is mapped anew at the ends of a range hides no mark that is left in its middle. */
static void another_thread_maps_the_ends_anew(void **state)
{
	static struct lean lean;
	static struct range range;
	size_t pieces;
	bool marked;
	(void)state;
	for (int ends = 1; ends < 4; ends++) {
		make_area();
		set_mark(&lean, &range);
		if (ends & 1)
			renew(0, 5);
		if (ends & 2)
			renew(PAGES - 7, PAGES);
		dontfork_clear(&lean);
		dontfork_between(5, PAGES - 7, &pieces, &marked);
		assert_false(marked);
		drop_area();
	}
}

/* A mapping is made anew as a smaller one, and left out of children as a whole. */
static void leave_out_anew(size_t from, size_t to)
{
	assert_int_equal(mprotect(area, AREA, PROT_NONE), 0);
	assert_int_equal(madvise(area, AREA, MADV_DOFORK), 0);
	renew(from, to);
	assert_int_equal(madvise(area + from * SIDE, (to - from) * SIDE, MADV_DONTFORK), 0);
}

static void another_thread_makes_it_smaller(void **state)
{
	static const struct {
		size_t from, to;
	} of[] = {{0, 10}, {0, 2}, {0, PAGES - 2}, {PAGES - 20, PAGES}, {PAGES - 3, PAGES},
		{1, PAGES}};
	static struct lean lean;
	static struct range range;
	size_t pieces;
	bool marked;
	(void)state;
	for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
		make_area();
		set_mark(&lean, &range);
		leave_out_anew(of[i].from, of[i].to);
		dontfork_clear(&lean);
		dontfork_between(of[i].from, of[i].to, &pieces, &marked);
		assert_true(marked);
		drop_area();
	}
}

/* A mapping that nobody had written to is one again, although both sides of a border were. */
static void another_thread_writes_first(void **state)
{
	static struct lean lean;
	static struct range range;
	size_t pieces;
	bool marked;
	(void)state;
	for (int reads = 0; reads < 2; reads++) {
		make_area();
		renew(0, PAGES);
		for (size_t i = 0; reads && i < PAGES; i++)
			assert_int_equal(*(volatile char *)(area + i * SIDE), 0);
		set_mark(&lean, &range);
		for (size_t i = 0; i < PAGES; i++)
			*(volatile char *)(area + i * SIDE) = 1;
		dontfork_clear(&lean);
		dontfork_between(0, PAGES, &pieces, &marked);
		assert_false(marked);
		assert_int_equal(pieces, 1);
		drop_area();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(at_every_border),
		TEST(side_by_side),
		TEST(locked_memory),
		TEST(memory_never_touched),
		TEST(the_heap),
		TEST(a_fork_that_fails),
		TEST(too_little_remains),
		TEST(few_mappings_left),
		TEST(another_thread_maps_the_ends_anew),
		TEST(another_thread_makes_it_smaller),
		TEST(another_thread_writes_first),
		TEST(another_thread_meanwhile),
	};
	return RUN_BLOCK_TESTS(tests);
}
