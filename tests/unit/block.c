/* SPDX-License-Identifier: MIT */
/* The pool of blocks, from inside. */
#include "engine/block.c"

#include "leak.h"

/* A thread may be stopped for long between its look at a block and its claim. */
static void a_claim_is_never_based_on_an_earlier_state(void **unused)
{
	(void)unused;
	enum { CLAIMS = 1 << 10 };
	const _Atomic uint32_t canary = 0;
	if (sizeof(block_state) < 8)
		skip();
	struct block *b = ss__block_take();
	ss__block_await(b, &canary);
	const block_state seen = b->state;
	for (int i = 0; i < CLAIMS; i++) {
		ss__block_free(b);
		assert_ptr_equal(ss__block_take(), b);
		ss__block_await(b, &canary);
		assert_false(claim(b, seen));
	}
	ss__block_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_claim_is_never_based_on_an_earlier_state),
	};
	return RUN_TESTS(tests);
}
