/* SPDX-License-Identifier: MIT */
/* The text that a child's output is read into. */
#include <string.h>

#include "leak.h"
#include "base/buffer.h"

/* As much as fits, each byte by its place in all that has come. */
static size_t fill(struct buffer *buffer, size_t at, size_t most)
{
	assert_int_equal(ss__buffer_make_room(buffer), 0);
	size_t len = ss__buffer_spare(buffer);
	assert_true(len > 0);
	if (len > most)
		len = most;
	for (size_t i = 0; i < len; i++)
		buffer->text[buffer->len + i] = (char)((at + i) % 251 + 1);
	ss__buffer_added(buffer, len);
	return len;
}

static void assert_text(const struct buffer *buffer, size_t len)
{
	assert_int_equal(buffer->len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(buffer->text[i], (char)(i % 251 + 1));
	assert_int_equal(buffer->text[len], '\0');
}

static void all_is_kept(void **unused)
{
	(void)unused;
	struct buffer buffer = {0};
	size_t at = 0;
	int steps = 0;
	for (; at < 1000000; steps++)
		at += fill(&buffer, at, 1000000 - at);
	assert_text(&buffer, 1000000);
	assert_false(buffer.truncated);
	assert_true(steps < 20);
	ss__buffer_trim(&buffer);
	assert_text(&buffer, 1000000);
	assert_int_equal(buffer.room, 1000001);
	ss__buffer_free(&buffer);
}

static void nothing_is_an_empty_text(void **unused)
{
	(void)unused;
	struct buffer buffer = {0};
	ss__buffer_trim(&buffer);
	assert_null(buffer.text);
	assert_int_equal(ss__buffer_make_room(&buffer), 0);
	assert_text(&buffer, 0);
	ss__buffer_trim(&buffer);
	assert_text(&buffer, 0);
	ss__buffer_free(&buffer);
}

/* The room is for that many bytes and the NUL. */
static void what_is_reserved_is_there(void **unused)
{
	(void)unused;
	struct buffer buffer = {0};
	assert_int_equal(ss__buffer_reserve(&buffer, 100), 0);
	assert_int_equal(ss__buffer_spare(&buffer), 100);
	const char *text = buffer.text;
	assert_int_equal(ss__buffer_reserve(&buffer, 100), 0);
	assert_ptr_equal(buffer.text, text);
	assert_int_equal(buffer.room, 101);
	assert_int_equal(ss__buffer_reserve(&buffer, 101), 0);
	assert_int_equal(ss__buffer_spare(&buffer), 101);
	ss__buffer_free(&buffer);
}

/* Bytes beyond the limit are not kept, do not make the text grow, and are read fast. */
static void beyond_the_limit_it_is_dropped(void **unused)
{
	(void)unused;
	const size_t limits[] = {1, 4094, 4095, 4096, 4097, 100000};
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct buffer buffer = {.limit = limits[i]};
		size_t at = 0;
		while (at < limits[i])
			at += fill(&buffer, at, limits[i] - at);
		assert_text(&buffer, limits[i]);
		assert_false(buffer.truncated);
		for (int step = 0; step < 20; step++)
			at += fill(&buffer, at, 1000000);
		assert_text(&buffer, limits[i]);
		assert_true(buffer.truncated);
		assert_true(at > 15 * 65536);
		assert_true(buffer.room <= limits[i] + 70000);
		ss__buffer_free(&buffer);
	}
}

static void no_limit_is_too_high(void **unused)
{
	(void)unused;
	struct buffer buffer = {.limit = SIZE_MAX};
	size_t at = 0;
	while (at < 10000)
		at += fill(&buffer, at, 10000 - at);
	assert_text(&buffer, 10000);
	assert_false(buffer.truncated);
	ss__buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_kept),
		TEST(nothing_is_an_empty_text),
		TEST(what_is_reserved_is_there),
		TEST(beyond_the_limit_it_is_dropped),
		TEST(no_limit_is_too_high),
	};
	return RUN_TESTS(tests);
}
