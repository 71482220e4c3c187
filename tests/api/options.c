/* SPDX-License-Identifier: MIT */
/* Invalid options are refused with EINVAL, EBADF or E2BIG before anything is made. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"

static void refused(struct ss_options options, int error)
{
	assert_fails(ARGV("true"), options, SS_STAGE_OPTIONS, error);
}

static void no_arguments_are_refused(void **state)
{
	(void)state;
	assert_fails(NULL, OPTIONS(.cwd = "/"), SS_STAGE_OPTIONS, EINVAL);
	assert_fails((char *const[]){NULL}, OPTIONS(.cwd = "/"), SS_STAGE_OPTIONS, EINVAL);
	assert_int_equal(ss_spawn(NULL, ARGV("true"), NULL), -1);
	assert_int_equal(errno, EINVAL);
}

static void a_wrong_size_is_refused(void **state)
{
	(void)state;
	struct ss_child child;
	struct ss_options options = OPTIONS(.cwd = "/");
	options.size = 0;
	assert_int_equal(ss_spawn(&child, ARGV("true"), &options), -1);
	assert_int_equal(errno, EINVAL);
	options.size = offsetof(struct ss_options, failure);
	assert_int_equal(ss_spawn(&child, ARGV("true"), &options), -1);
	assert_int_equal(errno, EINVAL);
}

/* The struct as a program that was compiled against a later release would pass it. */
static void an_unknown_tail_may_only_be_zero(void **state)
{
	(void)state;
	struct ss_child child;
	struct ss_failure failure = {SS_STAGE_NONE, 0};
	struct {
		struct ss_options options;
		char tail[16];
	} later = {.options = OPTIONS(.failure = &failure)};
	later.options.size = sizeof later;
	assert_int_equal(ss_spawn(&child, ARGV("true"), &later.options), 0);
	assert_int_equal(ss_wait(&child, NULL, -1), 0);
	ss_release(&child);
	for (size_t i = 0; i < sizeof later.tail; i++) {
		memset(later.tail, 0, sizeof later.tail);
		later.tail[i] = 1;
		assert_int_equal(ss_spawn(&child, ARGV("true"), &later.options), -1);
		assert_int_equal(errno, E2BIG);
	}
	assert_int_equal(failure.stage, SS_STAGE_OPTIONS);
	assert_int_equal(failure.error, E2BIG);
}

static void unknown_flags_and_kinds_are_refused(void **state)
{
	(void)state;
	refused(OPTIONS(.flags = UINT64_C(1) << 40), EINVAL);
	refused(OPTIONS(.flags = UINT64_C(1) << 63), EINVAL);
	refused(OPTIONS(.in = {.kind = (enum ss_stdio_kind)9}), EINVAL);
	refused(OPTIONS(.out = {.kind = (enum ss_stdio_kind) - 1}), EINVAL);
	refused(OPTIONS(.in = SS_MERGE), EINVAL);
	refused(OPTIONS(.out = SS_MERGE), EINVAL);
	refused(OPTIONS(.out = SS_WRITE(NULL)), EINVAL);
}

static void contradictions_are_refused(void **state)
{
	(void)state;
	refused(OPTIONS(.flags = SS_SET_TTY, .tty = 0), EINVAL);
	refused(OPTIONS(.flags = SS_NEW_SESSION | SS_NEW_GROUP), EINVAL);
	refused(OPTIONS(.flags = SS_NEW_SESSION, .group = getpgrp()), EINVAL);
	const struct ss_fd_map twice[] = {{0, 5}, {1, 5}};
	refused(OPTIONS(.fds = twice, .n_fds = 2), EINVAL);
	const struct ss_fd_map over_out[] = {{0, 1}};
	refused(OPTIONS(.fds = over_out, .n_fds = 1, .out = SS_NULL), EINVAL);
}

static void a_value_without_its_flag_is_refused(void **state)
{
	(void)state;
	refused(OPTIONS(.uid = 65534), EINVAL);
	refused(OPTIONS(.gid = 65534), EINVAL);
	refused(OPTIONS(.umask = 077), EINVAL);
	refused(OPTIONS(.nice = 5), EINVAL);
	refused(OPTIONS(.oom_score_adj = 5), EINVAL);
	refused(OPTIONS(.tty = 1), EINVAL);
	refused(OPTIONS(.cgroup = 1), EINVAL);
	refused(OPTIONS(.groups = (gid_t[]){1}, .n_groups = 1), EINVAL);
}

static void counts_without_arrays_are_refused(void **state)
{
	(void)state;
	refused(OPTIONS(.n_fds = 1), EINVAL);
	refused(OPTIONS(.n_rlimits = 1), EINVAL);
	refused(OPTIONS(.flags = SS_SET_GROUPS, .n_groups = 1), EINVAL);
	refused(OPTIONS(.affinity_size = 8), EINVAL);
	cpu_set_t set;
	CPU_ZERO(&set);
	refused(OPTIONS(.affinity = &set), EINVAL);
}

static void values_out_of_range_are_refused(void **state)
{
	(void)state;
	refused(OPTIONS(.flags = SS_SET_NICE, .nice = 20), EINVAL);
	refused(OPTIONS(.flags = SS_SET_NICE, .nice = -21), EINVAL);
	refused(OPTIONS(.flags = SS_SET_OOM, .oom_score_adj = 1001), EINVAL);
	refused(OPTIONS(.flags = SS_SET_OOM, .oom_score_adj = -1001), EINVAL);
	refused(OPTIONS(.flags = SS_SET_UMASK, .umask = 01000), EINVAL);
	refused(OPTIONS(.flags = SS_SET_UID, .uid = (uid_t)-1), EINVAL);
	refused(OPTIONS(.flags = SS_SET_GID, .gid = (gid_t)-1), EINVAL);
	refused(OPTIONS(.group = -1), EINVAL);
	refused(OPTIONS(.pdeathsig = 65), EINVAL);
	refused(OPTIONS(.pdeathsig = -1), EINVAL);
	refused(OPTIONS(.flags = SS_SET_GROUPS, .groups = (gid_t[]){1}, .n_groups = 65537), EINVAL);
	const struct ss_rlimit unknown[] = {{RLIM_NLIMITS, {1, 1}}};
	refused(OPTIONS(.rlimits = unknown, .n_rlimits = 1), EINVAL);
	const struct ss_rlimit inverted[] = {{RLIMIT_CPU, {2, 1}}};
	refused(OPTIONS(.rlimits = inverted, .n_rlimits = 1), EINVAL);
}

static void negative_and_closed_descriptors_are_refused(void **state)
{
	(void)state;
	int closed = fcntl(0, F_DUPFD_CLOEXEC, 100);
	close(closed);
	refused(OPTIONS(.in = SS_FD(-1)), EBADF);
	refused(OPTIONS(.err = SS_FD(closed)), EBADF);
	refused(OPTIONS(.fds = (struct ss_fd_map[]){{closed, 5}}, .n_fds = 1), EBADF);
	refused(OPTIONS(.fds = (struct ss_fd_map[]){{-1, 5}}, .n_fds = 1), EBADF);
	refused(OPTIONS(.fds = (struct ss_fd_map[]){{0, -5}}, .n_fds = 1), EBADF);
	refused(OPTIONS(.fds = (struct ss_fd_map[]){{0, INT_MAX}}, .n_fds = 1), EBADF);
	refused(OPTIONS(.flags = SS_NEW_SESSION | SS_SET_TTY, .tty = closed), EBADF);
	refused(OPTIONS(.flags = SS_SET_CGROUP, .cgroup = closed), EBADF);
}

/* Nothing is truncated, nothing is created, when the request is refused for something else. */
static void a_refused_request_touches_no_file(void **state)
{
	(void)state;
	char path[] = "/tmp/ss-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "kept", 4), 4);
	refused(OPTIONS(.out = SS_WRITE(path), .pdeathsig = -1), EINVAL);
	refused(OPTIONS(.out = SS_WRITE(path), .fds = (struct ss_fd_map[]){{0, 5}, {1, 5}},
			.n_fds = 2),
		EINVAL);
	assert_int_equal(lseek(fd, 0, SEEK_END), 4);
	close(fd);
	unlink(path);
}

static void errno_is_untouched_on_success(void **state)
{
	(void)state;
	struct ss_child child;
	struct ss_failure failure = {SS_STAGE_UID, 77};
	errno = EDOM;
	assert_int_equal(ss_spawn(&child, ARGV("true"), SS_OPTIONS(.failure = &failure)), 0);
	assert_int_equal(errno, EDOM);
	assert_int_equal(ss_wait(&child, NULL, 5000), 0);
	assert_int_equal(errno, EDOM);
	ss_release(&child);
	assert_int_equal(errno, EDOM);
	assert_int_equal(failure.stage, SS_STAGE_NONE);
	assert_int_equal(failure.error, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_arguments_are_refused),
		TEST(a_wrong_size_is_refused),
		TEST(an_unknown_tail_may_only_be_zero),
		TEST(unknown_flags_and_kinds_are_refused),
		TEST(contradictions_are_refused),
		TEST(a_value_without_its_flag_is_refused),
		TEST(counts_without_arrays_are_refused),
		TEST(values_out_of_range_are_refused),
		TEST(negative_and_closed_descriptors_are_refused),
		TEST(a_refused_request_touches_no_file),
		TEST(errno_is_untouched_on_success),
	};
	return RUN_TESTS(tests);
}
