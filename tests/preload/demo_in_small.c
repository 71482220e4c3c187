/* SPDX-License-Identifier: MIT */
/* `safespawn demo`, with little memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capture.h"
#include "leak.h"
#include "temp_dir.h"

static const char *safespawn;
static struct captured got;

static void assert_refused(const char *part)
{
	assert_exited(&got, 125);
	assert_string_equal(got.out, "");
	assert_memory_equal(got.err, "safespawn: ", 11);
	assert_contains(got.err, part);
}

static void the_demo_refuses_what_it_does_not_understand(void **state)
{
	(void)state;
	CAPTURE(&got, safespawn, "demo", "--size");
	assert_refused("--size");
	CAPTURE(&got, safespawn, "demo", "--size=2T");
	assert_refused("'2T'");
	CAPTURE(&got, safespawn, "demo", "--size", "0");
	assert_refused("'0'");
	CAPTURE(&got, safespawn, "demo", "--size=16777216G");
	assert_refused("too much");
	CAPTURE(&got, safespawn, "demo", "--sise");
	assert_refused("--sise");
	CAPTURE(&got, safespawn, "demo", "2G");
	assert_refused("'2G'");
}

static void the_demo_stops_when_it_has_nothing_to_run(void **state)
{
	(void)state;
	const char *const argv[] = {safespawn, "demo", "--size", "64K", NULL};
	struct temp_dir dir;
	char path[PATH_MAX];
	capture(&got, argv, CHANGES("PATH=/nonexistent"));
	assert_refused("cannot run the program `true`: No such file");
	temp_dir_make(&dir);
	temp_dir_write(&dir, "true", "#!/bin/sh\nexit 1\n", 0755);
	snprintf(path, sizeof path, "PATH=%s", dir.path);
	capture(&got, argv, CHANGES(path));
	temp_dir_remove(&dir);
	assert_refused("cannot run the program `true`: it failed");
}

static void the_demos_processes_are_the_first_to_go(void **state)
{
	(void)state;
	struct temp_dir dir;
	char path[PATH_MAX];
	if (access("/proc/self/oom_score_adj", W_OK) < 0)
		skip();
	temp_dir_make(&dir);
	temp_dir_write(&dir, "true",
		"#!/bin/sh\nread n </proc/self/oom_score_adj; test $n = 1000\n", 0755);
	snprintf(path, sizeof path, "PATH=%s", dir.path);
	capture(&got, (const char *[]){safespawn, "demo", "--measure", "4096", "grown", "1", NULL},
		CHANGES(path));
	temp_dir_remove(&dir);
	assert_exited(&got, 0);
	assert_memory_equal(got.out, "0\n20 0 ", 7);
}

static const char *line_of(const char *text, const char *start)
{
	static char line[128];
	const char *found = strstr(text, start);
	if (!found)
		fail_msg("'%s' is not in '%s'", start, text);
	snprintf(line, sizeof line, "%.*s", (int)strcspn(found, "\n"), found);
	return line;
}

static int policy(void)
{
	int mode = -1;
	FILE *file = fopen("/proc/sys/vm/overcommit_memory", "re");
	if (file) {
		assert_int_equal(fscanf(file, "%d", &mode), 1);
		fclose(file);
	}
	return mode;
}

/*
 * With policy 0 the kernel refuses the second part's fork, whatever else runs. With policy 2 the demo
 * takes what all others are promised, too.
 */
static void it_shows_the_time_and_the_refusal(void **unused)
{
	(void)unused;
	if (policy() == 2)
		skip();
	CAPTURE(&got, safespawn, "demo", "--size", "4M");
	assert_exited(&got, 0);
	assert_string_equal(got.err, "");
	const char *second = strstr(got.out, "\n2. A process that has been promised ");
	assert_contains(
		got.out, "1. A process that uses 4.0 MiB starts the program `true` 20 times.");
	assert_contains(line_of(got.out, "fork() and exec()"), "20 of 20");
	assert_contains(line_of(got.out, "posix_spawn()"), "20 of 20");
	assert_contains(line_of(got.out, "ss_spawn()"), "20 of 20");
	assert_contains(got.out, "  fork() ");
	assert_contains(got.out, " preflight --all\n");
	assert_contains(got.out, " run PROGRAM [ARG...]\n");
	if (policy() != 0)
		return;
	assert_non_null(second);
	assert_contains(line_of(second, "fork() and exec()"), " 0 of 20   Cannot allocate memory");
	assert_contains(line_of(second, "posix_spawn()"), "20 of 20");
	assert_contains(line_of(second, "ss_spawn()"), "20 of 20");
	assert_contains(second, "fork() was refused: the kernel would have to promise");
}

/* As `ulimit -v` does. Then no process can be promised too much. */
static void a_limit_of_the_shell_is_named(void **unused)
{
	(void)unused;
	struct rlimit before, low;
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	low = before;
	low.rlim_cur = 200 << 20;
	assert_int_equal(setrlimit(RLIMIT_AS, &low), 0);
	CAPTURE(&got, safespawn, "demo", "--size", "1M");
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_exited(&got, 0);
	if (policy() == 0)
		assert_contains(got.out, "A limit of this shell (ulimit -v or -d) keeps");
	assert_null(strstr(got.out, "\n2. "));
	assert_contains(got.out, " preflight --all\n");
}

/* What cannot be written is not lost in silence. */
static void a_full_disk_is_noticed(void **unused)
{
	(void)unused;
	CAPTURE(&got, "sh", "-c", "exec \"$0\" demo --size 1M >/dev/full", safespawn);
	assert_refused("standard output");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_demo_refuses_what_it_does_not_understand),
		TEST(the_demo_stops_when_it_has_nothing_to_run),
		TEST(the_demos_processes_are_the_first_to_go),
		TEST(it_shows_the_time_and_the_refusal),
		TEST(a_limit_of_the_shell_is_named),
		TEST(a_full_disk_is_noticed),
	};
	safespawn = getenv("SAFESPAWN");
	unsetenv("LD_PRELOAD");
	return RUN_TESTS(tests);
}
