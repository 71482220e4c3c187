/* SPDX-License-Identifier: MIT */
/*
 * Plans are followed on a model of a descriptor table, as child_fds.c follows them in the child;
 * the table after the exec is compared with the wanted one, which is computed in another way.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/fd_plan.h"
#include "leak.h"

/* What is open at a number: 0 nothing, else a name for it. */
struct table {
	int size; /* the limit on descriptors */
	int content[16384];
	bool cloexec[16384];
};

static void close_from(struct table *t, int first, int last)
{
	for (int fd = first; fd <= last && fd < t->size; fd++)
		t->content[fd] = 0;
}

static int duplicate(struct table *t, int from, int least)
{
	for (int fd = least; fd < t->size; fd++) {
		if (t->content[fd])
			continue;
		t->content[fd] = t->content[from];
		t->cloexec[fd] = true;
		return fd;
	}
	return -1;
}

static bool is_target(const struct fd_plan *plan, int fd)
{
	for (size_t i = 0; i < plan->n_places; i++)
		if (plan->places[i].to == fd)
			return true;
	return false;
}

static int lift(struct table *t, const struct fd_plan *plan, int from)
{
	int fd = duplicate(t, from, plan->above);
	if (fd >= 0)
		return fd;
	for (int least = 3;; least = fd + 1) {
		fd = duplicate(t, from, least);
		if (fd < 0 || !is_target(plan, fd))
			return fd;
	}
}

static bool follow(struct table *t, const struct fd_plan *plan, int hold)
{
	if (plan->cut >= 0)
		close_from(t, plan->cut, t->size - 1);
	if (hold >= 0 && !t->content[hold])
		return false;
	for (size_t i = 0; i < plan->n_lifts; i++) {
		plan->lifts[i].fd = lift(t, plan, plan->lifts[i].from);
		if (plan->lifts[i].fd < 0)
			return false;
	}
	for (size_t i = 0; i < plan->n_places; i++) {
		const struct fd_place *p = &plan->places[i];
		int from = p->lift < 0 ? p->from : plan->lifts[p->lift].fd;
		if (!t->content[from] || p->to >= t->size)
			return false;
		t->content[p->to] = t->content[from];
		t->cloexec[p->to] = false;
	}
	for (size_t i = 0; i < plan->n_closes; i++) {
		if (plan->closes[i].first > plan->closes[i].last)
			return false;
		close_from(t, plan->closes[i].first, plan->closes[i].last);
	}
	for (int fd = 0; fd < t->size; fd++)
		if (t->cloexec[fd])
			t->content[fd] = 0;
	return true;
}

static int expected(const struct table *before, const struct fd_layout *r, int fd)
{
	for (size_t i = 0; i < r->n_pairs; i++)
		if (r->pairs[i].to == fd)
			return before->content[r->pairs[i].from];
	for (size_t i = 0; i < r->n_closes; i++)
		if (r->closes[i] == fd)
			return 0;
	if (before->cloexec[fd] || (fd > 2 && !r->keep))
		return 0;
	return before->content[fd];
}

static int source_of(const struct fd_layout *r, int to)
{
	for (size_t i = 0; i < r->n_pairs; i++)
		if (r->pairs[i].to == to)
			return r->pairs[i].from;
	return -1;
}

/* Whether the way back from a target, from source to source, comes round to it, and to none lower. */
static bool begins_cycle(const struct fd_layout *r, int to)
{
	int fd = source_of(r, to);
	if (fd == to)
		return false;
	for (size_t steps = 0; fd > to && steps < r->n_pairs; steps++)
		fd = source_of(r, fd);
	return fd == to;
}

/* Nothing else has to be put aside. */
static size_t count_cycles(const struct fd_layout *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_pairs; i++)
		n += begins_cycle(r, r->pairs[i].to);
	return n;
}

static void print_layout(const struct fd_layout *r)
{
	print_error("keep %d, hold %d, pairs:", r->keep, r->hold);
	for (size_t i = 0; i < r->n_pairs; i++)
		print_error(" %d>%d", r->pairs[i].from, r->pairs[i].to);
	print_error(", closes:");
	for (size_t i = 0; i < r->n_closes; i++)
		print_error(" %d", r->closes[i]);
	print_error("\n");
}

/* Counting takes the square of that. */
enum { MOST_COUNTED = 500 };

/* Memory of exactly the size that was asked for, so that a checker sees a step beyond it. */
static void check(const struct table *before, const struct fd_layout *r)
{
	static struct table t;
	struct fd_plan plan = {0};
	void *memory = malloc(ss__fd_plan_size(r->n_pairs, r->n_closes) + 1);
	assert_non_null(memory);
	int error = ss__fd_plan_make(&plan, r, memory);
	t.size = before->size;
	memcpy(t.content, before->content, (size_t)t.size * sizeof t.content[0]);
	memcpy(t.cloexec, before->cloexec, (size_t)t.size * sizeof t.cloexec[0]);
	bool good = error == 0 && follow(&t, &plan, r->hold);
	size_t n_lifts = plan.n_lifts;
	size_t n_cycles = r->n_pairs > MOST_COUNTED ? n_lifts : count_cycles(r);
	free(memory);
	for (int fd = 0; good && fd < t.size; fd++)
		good = t.content[fd] == expected(before, r, fd);
	if (good && n_lifts == n_cycles)
		return;
	print_layout(r);
	print_error("%zu lifts, %zu cycles\n", n_lifts, n_cycles);
	fail_msg("the plan leads elsewhere");
}

/* ---- Every map of a few descriptors --------------------------------------------------------- */

static const int numbers[5] = {1, 2, 3, 4, 7};

/* Every number is open up to 10, in a table of 16 or one that ends there. */
static void fill(struct table *t, int size, int open, int cloexec)
{
	memset(t, 0, sizeof *t);
	t->size = size;
	for (int fd = 0; fd < open; fd++) {
		t->content[fd] = 1 + fd;
		t->cloexec[fd] = cloexec == 2 || (cloexec == 1 && fd % 2);
	}
}

/* The digits of n to base 6 say what each target gets: nothing or one of the numbers. */
static size_t nth_map(struct fd_pair pairs[5], int n)
{
	size_t n_pairs = 0;
	for (int i = 0; i < 5; i++, n /= 6)
		if (n % 6)
			pairs[n_pairs++] = (struct fd_pair){numbers[n % 6 - 1], numbers[4 - i]};
	return n_pairs;
}

static void each_map(const struct table *before, bool keep, int hold, const int *closes, size_t n)
{
	for (int i = 0; i < 6 * 6 * 6 * 6 * 6; i++) {
		struct fd_pair pairs[5];
		const struct fd_layout layout = {
			.pairs = pairs,
			.n_pairs = nth_map(pairs, i),
			.closes = closes,
			.n_closes = n,
			.keep = keep,
			.hold = hold,
		};
		check(before, &layout);
	}
}

static void every_map_of_five_descriptors(void **unused)
{
	(void)unused;
	static struct table before;
	static const int closes[] = {0, 2, 3, 9, 3};
	for (int cloexec = 0; cloexec < 3; cloexec++) {
		fill(&before, 24, 11, cloexec);
		for (int keep = 0; keep < 2; keep++)
			for (int hold = -1; hold < 11; hold += 11 - keep)
				for (size_t n = 0; n < 6; n += n ? 4 : 1)
					each_map(&before, keep, hold, closes, n);
	}
}

static bool reads(const struct fd_layout *r, int fd)
{
	for (size_t i = 0; i < r->n_pairs; i++)
		if (r->pairs[i].from == fd)
			return true;
	return false;
}

/* No number above the highest target is free; below it one target is, and two others. */
static void every_map_at_the_limit_of_descriptors(void **unused)
{
	(void)unused;
	static struct table before;
	fill(&before, 8, 8, 1);
	before.content[4] = before.content[5] = before.content[6] = 0;
	for (int i = 0; i < 6 * 6 * 6 * 6 * 6; i++) {
		struct fd_pair pairs[5];
		const struct fd_layout layout = {
			.pairs = pairs,
			.n_pairs = nth_map(pairs, i),
			.hold = -1,
		};
		struct fd_plan plan;
		char memory[512];
		assert_true(ss__fd_plan_size(layout.n_pairs, 0) <= sizeof memory);
		assert_int_equal(ss__fd_plan_make(&plan, &layout, memory), 0);
		assert_true(plan.n_lifts <= 2);
		if (!reads(&layout, 4))
			check(&before, &layout);
	}
}

/* ---- Random ones ---------------------------------------------------------------------------- */

static void shuffle(int *list, int n)
{
	for (int i = n - 1; i > 0; i--) {
		int j = (int)(random() % (i + 1)), kept = list[i];
		list[i] = list[j];
		list[j] = kept;
	}
}

/* Targets from `range` numbers; sources from as many, or the same in another order. */
static void random_map(struct fd_pair *pairs, int n, int range, bool permuted)
{
	static int targets[MOST_COUNTED], sources[MOST_COUNTED];
	for (int i = 0; i < range; i++)
		targets[i] = i;
	shuffle(targets, range);
	memcpy(sources, targets, sizeof sources);
	shuffle(sources, n);
	for (int i = 0; i < n; i++) {
		int from = permuted ? sources[i] : (int)(random() % range);
		pairs[i] = (struct fd_pair){from, targets[i]};
	}
}

/* From few pairs among many numbers to all of them, in tables with room and without. */
static void random_maps(void **unused)
{
	(void)unused;
	static struct table before;
	static struct fd_pair pairs[MOST_COUNTED];
	srandom(1);
	for (int i = 0; i < 3000; i++) {
		int range = 4 + (int)(random() % 60), n = 1 + (int)(random() % range);
		bool permuted = random() % 2;
		fill(&before, range + (permuted ? n : 0) + 3 + 60, range, i % 3);
		random_map(pairs, n, range, permuted);
		check(&before, &(struct fd_layout){pairs, (size_t)n, NULL, 0, i % 2, -1});
	}
}

/* ---- Particular ones ------------------------------------------------------------------------ */

static int make(const struct fd_pair *pairs, size_t n)
{
	struct fd_plan plan;
	const struct fd_layout layout = {.pairs = pairs, .n_pairs = n, .hold = -1};
	char memory[512];
	assert_true(ss__fd_plan_size(n, 0) <= sizeof memory);
	return ss__fd_plan_make(&plan, &layout, memory);
}

static void two_sources_for_one_target_are_refused(void **unused)
{
	(void)unused;
	assert_int_equal(make((struct fd_pair[]){{3, 5}, {4, 5}}, 2), -EINVAL);
	assert_int_equal(make((struct fd_pair[]){{3, 5}, {3, 5}}, 2), -EINVAL);
	assert_int_equal(make((struct fd_pair[]){{5, 5}, {9, 1}, {3, 5}}, 3), -EINVAL);
	assert_int_equal(make((struct fd_pair[]){{3, 5}, {3, 6}}, 2), 0);
	assert_int_equal(make(NULL, 0), 0);
}

/* The default spawn: one call for the descriptors, no more. */
static void nothing_asked_for_is_one_cut(void **unused)
{
	(void)unused;
	struct fd_plan plan;
	struct fd_layout layout = {.hold = -1};
	char memory[64];
	assert_int_equal(ss__fd_plan_make(&plan, &layout, memory), 0);
	assert_int_equal(plan.cut, 3);
	assert_int_equal(plan.n_lifts + plan.n_places + plan.n_closes, 0);
	layout.keep = true;
	assert_int_equal(ss__fd_plan_make(&plan, &layout, memory), 0);
	assert_int_equal(plan.cut, -1);
	assert_int_equal(plan.n_lifts + plan.n_places + plan.n_closes, 0);
}

/* Three pipes: places, and one range to close what they were. */
static void pipes_need_no_lifts(void **unused)
{
	(void)unused;
	struct fd_plan plan;
	const struct fd_pair pairs[] = {{3, 0}, {6, 1}, {8, 2}};
	const struct fd_layout layout = {.pairs = pairs, .n_pairs = 3, .hold = -1};
	char memory[512];
	assert_int_equal(ss__fd_plan_make(&plan, &layout, memory), 0);
	assert_int_equal(plan.n_lifts, 0);
	assert_int_equal(plan.n_places, 3);
	assert_int_equal(plan.n_closes, 1);
}

/* Each overwrites what the next one down has read: nothing is lifted, and no number is free. */
static void a_shift_needs_no_room(void **unused)
{
	(void)unused;
	enum { SIZE = 256 };
	static struct table before;
	struct fd_pair pairs[SIZE];
	for (int down = 0; down < 2; down++)
		for (int keep = 0; keep < 2; keep++) {
			int n = 0;
			for (int fd = 4; fd < SIZE; fd++, n++)
				pairs[n] = down ? (struct fd_pair){fd, fd - 1}
						: (struct fd_pair){fd - 1, fd};
			fill(&before, SIZE, SIZE, 1);
			check(&before, &(struct fd_layout){pairs, (size_t)n, NULL, 0, keep, -1});
		}
}

static void thousands_of_descriptors(void **unused)
{
	(void)unused;
	enum { MANY = 4000 };
	static struct table before;
	static struct fd_pair pairs[MANY];
	static int order[MANY];
	srandom(1);
	fill(&before, 4 * MANY, MANY + 100, 1);
	for (int i = 0; i < MANY; i++)
		order[i] = i;
	shuffle(order, MANY);
	for (int keep = 0; keep < 2; keep++) {
		for (int i = 0; i < MANY; i++)
			pairs[i] = (struct fd_pair){i, order[i]};
		check(&before, &(struct fd_layout){pairs, MANY, NULL, 0, keep, -1});
		/* One to all, with holes in between. */
		for (int i = 0; i < MANY; i++)
			pairs[i] = (struct fd_pair){7, 2 * order[i]};
		check(&before, &(struct fd_layout){pairs, MANY, order, MANY, keep, 4001});
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_map_of_five_descriptors),
		TEST(every_map_at_the_limit_of_descriptors),
		TEST(random_maps),
		TEST(two_sources_for_one_target_are_refused),
		TEST(nothing_asked_for_is_one_cut),
		TEST(pipes_need_no_lifts),
		TEST(a_shift_needs_no_room),
		TEST(thousands_of_descriptors),
	};
	return RUN_TESTS(tests);
}
