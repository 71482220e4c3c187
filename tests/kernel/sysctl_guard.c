/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leak.h"
#include "sysctl_guard.h"

static const char name[] = "vm/stat_interval"; /* harmless */

static void need_root(void)
{
	if (!sysctl_guard_may("vm/stat_interval"))
		skip();
}

static void put_back_in_the_end(void **state)
{
	(void)state;
	need_root();
	struct sysctl_guard guard;
	long long before = sysctl_read(name);
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	assert_int_equal(sysctl_guard_set(&guard, name, "77"), 0);
	assert_int_equal(sysctl_guard_set(&guard, name, "78"), 0);
	assert_int_equal(sysctl_read(name), 78);
	assert_int_equal(sysctl_guard_end(&guard), 0);
	assert_int_equal(sysctl_read(name), before);
}

static void overcommit_ratio_and_kbytes_clear_each_other(void **state)
{
	(void)state;
	need_root();
	struct sysctl_guard guard;
	long long ratio = sysctl_read("vm/overcommit_ratio");
	long long kbytes = sysctl_read("vm/overcommit_kbytes");
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	assert_int_equal(sysctl_guard_set(&guard, "vm/overcommit_kbytes", "99999999"), 0);
	assert_int_equal(sysctl_read("vm/overcommit_ratio"), 0);
	assert_int_equal(sysctl_guard_set(&guard, "vm/overcommit_ratio", "81"), 0);
	assert_int_equal(sysctl_guard_end(&guard), 0);
	assert_int_equal(sysctl_read("vm/overcommit_ratio"), ratio);
	assert_int_equal(sysctl_read("vm/overcommit_kbytes"), kbytes);
}

static void unknown_settings_are_an_error(void **state)
{
	(void)state;
	struct sysctl_guard guard;
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	assert_true(sysctl_guard_set(&guard, "vm/no_such_setting", "1") < 0);
	assert_int_equal(sysctl_guard_end(&guard), 0);
}

static void directories_are_removed(void **state)
{
	(void)state;
	struct sysctl_guard guard;
	char path[64];
	snprintf(path, sizeof path, "/tmp/sysctl_guard.%d", (int)getpid());
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	assert_int_equal(sysctl_guard_mkdir(&guard, path), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(sysctl_guard_end(&guard), 0);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* A process that changes the setting and has a child of its own that outlives it. */
static void hold(int ready)
{
	struct sysctl_guard guard;
	setpgid(0, 0);
	if (sysctl_guard_begin(&guard) || sysctl_guard_set(&guard, name, "79"))
		_exit(1);
	if (fork() == 0) {
		sleep(3);
		_exit(0);
	}
	if (write(ready, "r", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void killed(int whole_group)
{
	need_root();
	long long before = sysctl_read(name);
	int ready[2];
	char c;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ready[0]);
		hold(ready[1]);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	assert_int_equal(sysctl_read(name), 79);
	kill(whole_group ? -pid : pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (int i = 0; i < 1000 && sysctl_read(name) != before; i++)
		usleep(10000);
	assert_int_equal(sysctl_read(name), before);
}

static void put_back_after_sigkill(void **state)
{
	(void)state;
	killed(0);
}

static void put_back_after_sigkill_of_the_group(void **state)
{
	(void)state;
	killed(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(put_back_in_the_end),
		TEST(overcommit_ratio_and_kbytes_clear_each_other),
		TEST(unknown_settings_are_an_error),
		TEST(directories_are_removed),
		TEST(put_back_after_sigkill),
		TEST(put_back_after_sigkill_of_the_group),
	};
	return RUN_TESTS(tests);
}
