/* SPDX-License-Identifier: MIT */
#include "preload/leanfork/ranges.h"

#include <stdio.h>
#include <string.h>

#include "leak.h"

static struct mapping parse(const char *line)
{
	struct mapping m = {.at = {0, 0}, .kind = MAPPING_OTHER};
	assert_true(mapping_parse(&m, line, strlen(line)));
	return m;
}

static void lines_of_every_kind(void **state)
{
	static const struct {
		const char *line;
		enum mapping_kind kind;
	} cases[] = {
		{"7f0000000000-7f0000100000 rw-p 00000000 00:00 0 ", MAPPING_ANONYMOUS},
		{"7f0000000000-7f0000100000 rw-p 00000000 00:00 0", MAPPING_ANONYMOUS},
		{"55d000000000-55d000100000 rw-p 00000000 00:00 0          [heap]",
			MAPPING_ANONYMOUS},
		{"55d000000000-55d000100000 rw-p 00000000 00:00 0   [anon:name]",
			MAPPING_ANONYMOUS},
		{"7ffd00000000-7ffd00100000 rw-p 00000000 00:00 0          [stack]", MAPPING_OTHER},
		{"7f0000000000-7f0000100000 rwxp 00000000 00:00 0 ", MAPPING_OTHER},
		{"7f0000000000-7f0000100000 ---p 00000000 00:00 0 ", MAPPING_RESERVED},
		{"7f0000000000-7f0000100000 ---p 00001000 fe:01 77 /lib/x.so", MAPPING_OTHER},
		{"7f0000000000-7f0000100000 r--p 00000000 00:00 0 ", MAPPING_OTHER},
		{"7f0000000000-7f0000100000 rw-p 00001000 fe:01 77 /lib/x.so", MAPPING_OTHER},
		{"7f0000000000-7f0000100000 rw-p 00000000 00:01 9 /dev/zero (deleted)",
			MAPPING_OTHER},
		{"7f0000000000-7f0000100000 rw-s 00000000 00:01 9 /dev/zero (deleted)",
			MAPPING_SHARED},
		{"7f0000000000-7f0000100000 r--s 00000000 fe:01 9 /etc/x", MAPPING_READONLY},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(parse(cases[i].line).kind, cases[i].kind);
}

static void addresses_are_whole(void **state)
{
	(void)state;
	if (sizeof(void *) < 8)
		skip();
	struct mapping m =
		parse("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]");
	assert_int_equal(m.at.start, 0xffffffffff600000);
	assert_int_equal(m.at.end, 0xffffffffff601000);
}

static void what_is_no_mapping(void **state)
{
	static const char *const lines[] = {"", "x", "1000", "1000-", "1000-2000", "1000-2000 rw-p",
		"2000-1000 rw-p 00000000 00:00 0", "1000-2000 rw-p 00000000 00:00 "};
	struct mapping m = {.at = {1, 2}, .kind = MAPPING_SHARED};
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		assert_false(mapping_parse(&m, lines[i], strlen(lines[i])));
	assert_int_equal(m.at.start, 1);
}

/* A choice over one mapping of 1 MiB at 16 MiB. */
#define BASE ((uintptr_t)16 << 20)
#define SIZE ((uintptr_t)1 << 20)

static struct range ranges[8];

static struct choice choose(const struct span *keep, size_t n_keep, size_t least)
{
	static struct span tidy[8];
	if (n_keep)
		memcpy(tidy, keep, n_keep * sizeof *keep);
	struct choice choice = {.keep = tidy,
		.n_keep = spans_tidy(tidy, n_keep),
		.least = least,
		.ranges = ranges,
		.max_ranges = 8};
	struct mapping m = {.at = {BASE, BASE + SIZE}, .kind = MAPPING_ANONYMOUS};
	choice_add(&choice, &m);
	return choice;
}

static void nothing_to_keep_leaves_it_out_whole(void **state)
{
	(void)state;
	struct choice choice = choose(NULL, 0, SIZE);
	assert_int_equal(choice.n_ranges, 1);
	assert_int_equal(choice.bytes, SIZE - STAYS_BEFORE - STAYS_AFTER);
	assert_int_equal(choice.chunks, SIZE / CHUNK);
}

static void what_is_kept_is_cut_out_in_whole_pages(void **state)
{
	struct span keep[] = {{BASE + 0x20801, BASE + 0x20802}, {BASE - 5, BASE + 1},
		{BASE + SIZE - 1, BASE + SIZE + 99}, {0, 0}, {BASE + SIZE, BASE + 2 * SIZE}};
	(void)state;
	struct choice choice = choose(keep, 5, PAGE);
	assert_int_equal(choice.n_ranges, 2);
	assert_int_equal(ranges[0].at.start, BASE + PAGE + STAYS_BEFORE);
	assert_int_equal(ranges[0].at.end, BASE + 0x20000 - STAYS_AFTER);
	assert_int_equal(ranges[1].at.start, BASE + 0x21000 + STAYS_BEFORE);
	assert_int_equal(ranges[1].at.end, BASE + SIZE - PAGE - STAYS_AFTER);
	assert_int_equal(ranges[1].first_chunk, 0x20000 / CHUNK);
}

static void overlapping_keeps(void **state)
{
	struct span keep[] = {{BASE + 0x30000, BASE + 0x50000}, {BASE + 0x20000, BASE + 0x40000},
		{BASE + 0x20000, BASE + 0x21000}};
	(void)state;
	struct choice choice = choose(keep, 3, PAGE);
	assert_int_equal(choice.n_ranges, 2);
	assert_int_equal(ranges[0].at.end, BASE + 0x20000 - STAYS_AFTER);
	assert_int_equal(ranges[1].at.start, BASE + 0x50000 + STAYS_BEFORE);
}

/* Any order, any overlap: what is in one of the spans, and nothing else, is in one of the tidy ones. */
static void spans_made_tidy(void **state)
{
	uint64_t seed = 1;
	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct span spans[40];
		bool in[64] = {false};
		size_t n = (size_t)round % 40;
		for (size_t i = 0; i < n; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			uintptr_t start = (uintptr_t)(seed >> 33) % (60 * PAGE);
			uintptr_t len = (uintptr_t)(seed >> 20) % (3 * PAGE);
			spans[i] = (struct span){start, start + len};
			for (uintptr_t page = start / PAGE; len && page * PAGE < start + len;
				page++)
				in[page] = true;
		}
		n = spans_tidy(spans, n);
		for (uintptr_t page = 0, i = 0; page < 64; page++) {
			while (i < n && spans[i].end <= page * PAGE)
				i++;
			bool now = i < n && spans[i].start <= page * PAGE;
			assert_int_equal(now, in[page]);
		}
		for (size_t i = 1; i < n; i++)
			assert_true(spans[i - 1].end < spans[i].start);
	}
}

static bool make_room(struct choice *choice)
{
	if (choice->max_ranges == 8)
		return false;
	choice->max_ranges += 2;
	return true;
}

static void room_is_made_for_more(void **state)
{
	struct choice choice = {.least = 1, .ranges = ranges, .more = make_room};
	(void)state;
	for (uintptr_t i = 0; i < 10; i++) {
		struct mapping m = {.at = {BASE + i * SIZE, BASE + i * SIZE + LEAST_PIECE},
			.kind = MAPPING_ANONYMOUS};
		choice_add(&choice, &m);
	}
	assert_int_equal(choice.n_ranges, 8);
}

static void what_is_too_small_stays(void **state)
{
	struct span keep[] = {{BASE + 0x8000, BASE + 0x9000}};
	(void)state;
	struct choice choice = choose(keep, 1, 65536);
	assert_int_equal(choice.n_ranges, 1);
	assert_int_equal(ranges[0].at.start, BASE + 0x9000 + STAYS_BEFORE);
	choice = choose(NULL, 0, SIZE + 1);
	assert_int_equal(choice.n_ranges, 0);
	struct span all_but_few = {BASE, BASE + SIZE - LEAST_PIECE + PAGE};
	choice = choose(&all_but_few, 1, 1);
	assert_int_equal(choice.n_ranges, 0);
	assert_int_equal(choice.bytes, 0);
}

static void more_than_there_is_room_for_stays(void **state)
{
	struct choice choice = {.least = 1, .ranges = ranges, .max_ranges = 2};
	(void)state;
	for (uintptr_t i = 0; i < 5; i++) {
		struct mapping m = {.at = {BASE + i * SIZE, BASE + i * SIZE + LEAST_PIECE},
			.kind = MAPPING_ANONYMOUS};
		choice_add(&choice, &m);
	}
	assert_int_equal(choice.n_ranges, 2);
	struct mapping shared = {.at = {1, 2}, .kind = MAPPING_SHARED};
	choice_add(&choice, &shared);
	assert_true(choice.too_many_shared);
}

static void more_to_read_than_there_is_room_for(void **state)
{
	struct span readonly[2];
	struct choice choice = {.readonly = readonly, .max_readonly = 2};
	(void)state;
	for (uintptr_t i = 0; i < 5; i++) {
		struct mapping m = {
			.at = {BASE + i * SIZE, BASE + i * SIZE + PAGE}, .kind = MAPPING_READONLY};
		choice_add(&choice, &m);
	}
	assert_int_equal(choice.n_readonly, 2);
	assert_int_equal(readonly[0].end, BASE + PAGE);
	assert_int_equal(readonly[1].start, BASE + SIZE);
	assert_int_equal(readonly[1].end, BASE + 4 * SIZE + PAGE);
	assert_false(choice.too_many_shared);
}

/* Every byte of a range has one chunk, chunks follow one another, and none is two ranges'. */
static void chunks_cover_ranges(void **state)
{
	struct span keep[] = {{BASE + 0x23000, BASE + 0x24000}, {BASE + 0x77000, BASE + 0x91000}};
	(void)state;
	struct choice choice = choose(keep, 2, PAGE);
	size_t next = 0;
	assert_int_equal(choice.n_ranges, 3);
	for (size_t i = 0; i < choice.n_ranges; i++) {
		const struct range *range = &ranges[i];
		uintptr_t at = range->at.start;
		while (at < range->at.end) {
			struct span span = range_chunk_span(range, at);
			assert_int_equal(span.start, at);
			assert_int_equal(range_chunk(range, at), next);
			assert_int_equal(range_chunk(range, span.end - 1), next);
			assert_true(span.end > at && span.end - at <= CHUNK);
			at = span.end;
			next++;
		}
		assert_int_equal(at, range->at.end);
	}
	assert_int_equal(next, choice.chunks);
}

static void the_first_range_after_an_address(void **state)
{
	struct range some[] = {
		{{10, 20}, 0, 0, false}, {{20, 30}, 0, 0, false}, {{50, 60}, 0, 0, false}};
	static const size_t expected[][2] = {{0, 0}, {10, 0}, {19, 0}, {20, 1}, {29, 1}, {30, 2},
		{49, 2}, {59, 2}, {60, 3}, {UINTPTR_MAX, 3}};
	(void)state;
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
		assert_int_equal(range_first(some, 3, expected[i][0]), expected[i][1]);
	assert_int_equal(range_first(some, 0, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_of_every_kind),
		TEST(addresses_are_whole),
		TEST(what_is_no_mapping),
		TEST(nothing_to_keep_leaves_it_out_whole),
		TEST(what_is_kept_is_cut_out_in_whole_pages),
		TEST(overlapping_keeps),
		TEST(spans_made_tidy),
		TEST(room_is_made_for_more),
		TEST(what_is_too_small_stays),
		TEST(more_than_there_is_room_for_stays),
		TEST(more_to_read_than_there_is_room_for),
		TEST(chunks_cover_ranges),
		TEST(the_first_range_after_an_address),
	};
	return RUN_TESTS(tests);
}
