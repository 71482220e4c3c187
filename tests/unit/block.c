/* SPDX-License-Identifier: MIT */
/* The pool of blocks, from inside. */
#include "engine/block.c"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

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

/* A child that its caller no longer waits for is reaped when a block is taken, and its pidfd is
 * closed. */
static void a_child_that_is_left_is_reaped_later(void **unused)
{
	siginfo_t info;
	(void)unused;
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0); /* or -1 */
	assert_true(ss__block_adopt(pid, pidfd));
	ss__block_free(ss__block_take());
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ss__block_free(ss__block_take());
	assert_int_equal(waitpid(pid, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
	if (pidfd >= 0)
		assert_int_equal(fcntl(pidfd, F_GETFD), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_claim_is_never_based_on_an_earlier_state),
		TEST(a_child_that_is_left_is_reaped_later),
	};
	return RUN_TESTS(tests);
}
