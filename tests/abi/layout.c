/* SPDX-License-Identifier: MIT */
/* Sizes and offsets of the public structs on LP64: what programs have compiled in. */
#include <safespawn.h>

#include "leak.h"

struct row {
	const char *what;
	size_t is;
	size_t should_be;
};

#define SIZE(type, n)                                                                              \
	{                                                                                          \
		"sizeof " #type, sizeof(type), n                                                   \
	}
#define AT(type, field, n)                                                                         \
	{                                                                                          \
#type "." #field, offsetof(type, field), n                                         \
	}

static const struct row rows[] = {
	SIZE(enum ss_stage, 4),
	SIZE(struct ss_stdio, 16),
	AT(struct ss_stdio, kind, 0),
	AT(struct ss_stdio, fd, 4),
	AT(struct ss_stdio, path, 8),
	SIZE(struct ss_fd_map, 8),
	AT(struct ss_fd_map, from, 0),
	AT(struct ss_fd_map, to, 4),
	SIZE(struct ss_rlimit, 24),
	AT(struct ss_rlimit, resource, 0),
	AT(struct ss_rlimit, limit, 8),
	SIZE(struct ss_failure, 8),
	AT(struct ss_failure, stage, 0),
	AT(struct ss_failure, error, 4),

	SIZE(struct ss_child, 56),
	AT(struct ss_child, pid, 0),
	AT(struct ss_child, pidfd, 4),
	AT(struct ss_child, in, 8),
	AT(struct ss_child, out, 12),
	AT(struct ss_child, err, 16),

	/* Grows at its end only: a row is never changed, sizeof excepted. */
	SIZE(struct ss_options, 240),
	AT(struct ss_options, size, 0),
	AT(struct ss_options, flags, 8),
	AT(struct ss_options, file, 16),
	AT(struct ss_options, env, 24),
	AT(struct ss_options, cwd, 32),
	AT(struct ss_options, in, 40),
	AT(struct ss_options, out, 56),
	AT(struct ss_options, err, 72),
	AT(struct ss_options, fds, 88),
	AT(struct ss_options, n_fds, 96),
	AT(struct ss_options, group, 104),
	AT(struct ss_options, tty, 108),
	AT(struct ss_options, sigmask, 112),
	AT(struct ss_options, sigdefault, 120),
	AT(struct ss_options, rlimits, 128),
	AT(struct ss_options, n_rlimits, 136),
	AT(struct ss_options, uid, 144),
	AT(struct ss_options, gid, 148),
	AT(struct ss_options, groups, 152),
	AT(struct ss_options, n_groups, 160),
	AT(struct ss_options, umask, 168),
	AT(struct ss_options, nice, 172),
	AT(struct ss_options, oom_score_adj, 176),
	AT(struct ss_options, pdeathsig, 180),
	AT(struct ss_options, affinity, 184),
	AT(struct ss_options, affinity_size, 192),
	AT(struct ss_options, cgroup, 200),
	AT(struct ss_options, failure, 208),
	AT(struct ss_options, start_timeout_ms, 216),
	AT(struct ss_options, cwd_fd, 220),
	AT(struct ss_options, exec_fd, 224),
	AT(struct ss_options, user, 232),

	SIZE(struct ss_io, 72),
	AT(struct ss_io, input, 8),
	AT(struct ss_io, input_len, 16),
	AT(struct ss_io, limit, 24),
	AT(struct ss_io, timeout_ms, 32),
	AT(struct ss_io, flags, 40), /* not 36: older callers may have garbage there */
	AT(struct ss_io, on_output, 48),
	AT(struct ss_io, context, 56),
	AT(struct ss_io, grace_ms, 64),

	AT(struct ss_result, status, 8),
	AT(struct ss_result, out, 16),
	AT(struct ss_result, out_len, 24),
	AT(struct ss_result, err, 32),
	AT(struct ss_result, err_len, 40),
	AT(struct ss_result, usage, 56),
	SIZE(struct ss_result, 200),

	SIZE(struct ss_preflight, 152),
	AT(struct ss_preflight, size, 0),
	AT(struct ss_preflight, pid, 8),
	AT(struct ss_preflight, overcommit, 12),
	AT(struct ss_preflight, verdict, 16),
	AT(struct ss_preflight, cause, 20),
	AT(struct ss_preflight, warnings, 28),
	AT(struct ss_preflight, charge_bytes, 32),
	AT(struct ss_preflight, largest_bytes, 40),
	AT(struct ss_preflight, headroom_bytes, 48),
	AT(struct ss_preflight, uncertainty_bytes, 56),
	AT(struct ss_preflight, committed_bytes, 64),
	AT(struct ss_preflight, limit_bytes, 72),
	AT(struct ss_preflight, resident_bytes, 80),
	AT(struct ss_preflight, page_table_bytes, 88),
	AT(struct ss_preflight, mappings, 96),
	AT(struct ss_preflight, charged_mappings, 104),
	AT(struct ss_preflight, estimated_ns, 112),
	AT(struct ss_preflight, cgroup_headroom_bytes, 120),
	AT(struct ss_preflight, cgroup_need_bytes, 128),
	AT(struct ss_preflight, tasks, 136),
	AT(struct ss_preflight, tasks_limit, 144),
};

static void layout_is_what_programs_were_compiled_with(void **state)
{
	(void)state;
	if (sizeof(long) != 8 || sizeof(void *) != 8)
		skip();
	int bad = 0;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].is == rows[i].should_be)
			continue;
		print_error(
			"%s is %zu instead of %zu\n", rows[i].what, rows[i].is, rows[i].should_be);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static void stages_keep_their_numbers(void **state)
{
	(void)state;
	assert_int_equal(SS_STAGE_OPTIONS, 1);
	assert_int_equal(SS_STAGE_CLONE, 3);
	assert_int_equal(SS_STAGE_CWD, 12);
	assert_int_equal(SS_STAGE_UID, 18);
	assert_int_equal(SS_STAGE_EXEC, 22);
	assert_int_equal(SS_STAGE_USER, 23);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(layout_is_what_programs_were_compiled_with),
		TEST(stages_keep_their_numbers),
	};
	return RUN_TESTS(tests);
}
