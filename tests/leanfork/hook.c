/* SPDX-License-Identifier: MIT */
/* How libc's clone is found on aarch64, and what is in its place. */
#include <stddef.h>
#include <sys/mman.h>

#include "preload/leanfork/patch_hook.h"
#include "leak.h"

#define NOP 0xd503201fU
#define CALL 0xd4000001U
#define NUMBER(n) (0xd2800008U | (uint32_t)(n) << 5) /* mov x8, #n */
#define CLONE NUMBER(220)
#define OTHER NUMBER(172)

#define assert_found(code, i)                                                                      \
	assert_ptr_equal((const void *)hook_find(code, sizeof(code) / 4),                          \
		(i) < 0 ? NULL : (const void *)&(code)[(i) < 0 ? 0 : (i)])

static void the_one_clone(void **state)
{
	const uint32_t near[] = {NOP, CLONE, CALL, NOP};
	const uint32_t scheduled[] = {CLONE, NOP, NOP, NOP, CALL};
	const uint32_t among_others[] = {OTHER, CALL, CLONE, CALL, OTHER, CALL};
	(void)state;
	assert_found(near, 2);
	assert_found(scheduled, 4);
	assert_found(among_others, 3);
}

static void another_shape(void **state)
{
	const uint32_t none[] = {OTHER, CALL};
	const uint32_t two[] = {CLONE, CALL, CLONE, CALL};
	const uint32_t of_another_call[] = {CLONE, NOP, OTHER, CALL};
	const uint32_t number_of_the_first[] = {CLONE, OTHER, CALL, CALL};
	const uint32_t too_far[] = {
		CLONE, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, CALL};
	(void)state;
	assert_found(none, -1);
	assert_found(two, -1);
	assert_found(of_another_call, -1);
	assert_found(number_of_the_first, -1);
	assert_found(too_far, -1);
}

static uintptr_t target(const uint32_t *at, uint32_t branch)
{
	int32_t words = (int32_t)(branch << 6) >> 6;
	assert_int_equal(branch >> 26, 5);
	return (uintptr_t)at + 4 * (uintptr_t)(intptr_t)words;
}

static void there_and_back(void **state)
{
	static uint32_t page[1024], place[4096];
	(void)state;
	for (int i = 0; i < 2; i++) {
		uint32_t *at = &place[i * 4000], *to = i ? &place[0] : page;
		uint32_t branch = hook_trampoline(to, (uintptr_t)at);
		assert_ptr_equal((const void *)target(at, branch), to);
		assert_ptr_equal((const void *)target(&to[4], to[4]), at + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_one_clone),
		TEST(another_shape),
		TEST(there_and_back),
	};
	return RUN_TESTS(tests);
}
