/* SPDX-License-Identifier: MIT */
/* Where lean fork isn't known to work it stays off, and says so. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leak.h"
#include "preload/leanfork/leanfork.h"

static pid_t refused_fork(void)
{
	errno = ENOMEM;
	return -1;
}

static pid_t by(enum lean_kind kind, pid_t (*libc_fork)(void), struct lean_result *result)
{
	struct lean_options options = {
		.kind = kind, .least_total = 1, .least_range = 65536, .libc_fork = libc_fork};
	pid_t pid = lean_fork(&options, result);
	if (pid == 0)
		_exit(5);
	return pid;
}

static void every_fork_is_libcs(void **state)
{
	struct lean_result result;
	int status;
	(void)state;
	assert_int_equal(waitpid(by(LEAN_EAGER, fork, &result), &status, 0) > 0, 1);
	assert_int_equal(status, 5 << 8);
	assert_int_equal(result.outcome, LEAN_NATIVE);
	assert_int_equal(result.reason, LEAN_KERNEL);
	assert_int_equal(by(LEAN_EAGER, refused_fork, &result), -1);
	assert_false(lean_is_child());
}

static void there_is_no_rescue(void **state)
{
	struct lean_result result;
	(void)state;
	errno = 0;
	assert_int_equal(by(LEAN_RESCUE, fork, &result), -1);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(result.outcome, LEAN_FAILED);
	assert_int_equal(result.reason, LEAN_KERNEL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_fork_is_libcs),
		TEST(there_is_no_rescue),
	};
	return RUN_TESTS(tests);
}
