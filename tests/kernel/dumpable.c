/* SPDX-License-Identifier: MIT */
/* A spawn that changes the uid leaves the caller's dumpable flag as it was, whatever the system's. */
#include <sys/prctl.h>
#include <unistd.h>

#include <safespawn.h>
#include "leak.h"
#include "sysctl_guard.h"

static void check(const char *setting, int flag)
{
	const char *const argv[] = {"/bin/true", NULL};
	struct sysctl_guard guard;
	struct ss_child child;
	int status = -1;
	if (!sysctl_guard_may("fs/suid_dumpable"))
		skip();
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	int error = sysctl_guard_set(&guard, "fs/suid_dumpable", setting);
	prctl(PR_SET_DUMPABLE, flag, 0, 0, 0);
	int result = ss_spawn(&child, (char *const *)(uintptr_t)argv,
		SS_OPTIONS(.flags = SS_SET_UID | SS_SET_GID, .uid = 54321, .gid = 54321));
	int is = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	assert_int_equal(sysctl_guard_end(&guard), 0);
	assert_int_equal(error, 0);
	assert_int_equal(result, 0);
	assert_int_equal(ss_wait(&child, &status, -1), 0);
	assert_int_equal(status, 0);
	ss_release(&child);
	assert_int_equal(is, flag);
}

static void it_is_set_again(void **unused)
{
	(void)unused;
	check("0", 1);
	check("2", 1);
}

/* A process that shields its memory: set to 2 by the spawn, its cores would be written again. */
static void it_is_cleared_again(void **unused)
{
	(void)unused;
	check("0", 0);
	check("1", 0);
	check("2", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_set_again),
		TEST(it_is_cleared_again),
	};
	return RUN_TESTS(tests);
}
