/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leak.h"
#include "preflight/text.h"

static struct ss_preflight report(enum ss_fork_verdict verdict, enum ss_cause cause)
{
	return (struct ss_preflight){
		.size = sizeof(struct ss_preflight),
		.pid = 42,
		.verdict = verdict,
		.cause = cause,
		.overcommit = cause == SS_CAUSE_COMMIT_LIMIT ? 2 : 0,
		.exact = 1,
		.charge_bytes = UINT64_C(3) << 30,
		.largest_bytes = UINT64_C(2) << 30,
		.headroom_bytes = UINT64_C(1) << 30,
		.limit_bytes = UINT64_C(4) << 30,
		.tasks = 700,
		.tasks_limit = 512,
		.estimated_ns = 70000,
	};
}

static char *all_advice(const struct ss_preflight *r)
{
	static char all[4096];
	char line[256];
	all[0] = '\0';
	for (unsigned n = 0; ss__advice_text(line, sizeof line, r, n) > 0; n++) {
		assert_true(n < 20);
		assert_true(strlen(line) < sizeof line - 1);
		strcat(all, line);
		strcat(all, "\n");
	}
	return all;
}

static void sizes_and_times(void **state)
{
	(void)state;
	char text[SIZE_TEXT];
	assert_string_equal(ss__size_text(text, 0), "0 B");
	assert_string_equal(ss__size_text(text, 1023), "1023 B");
	assert_string_equal(ss__size_text(text, 1536), "1.5 KiB");
	assert_string_equal(ss__size_text(text, 31465472), "30.0 MiB");
	assert_string_equal(ss__size_text(text, UINT64_C(512) << 20), "512 MiB");
	assert_string_equal(ss__size_text(text, UINT64_MAX - 1), "16.0 EiB");
	assert_string_equal(ss__size_text(text, UINT64_MAX), "unlimited");
	assert_string_equal(ss__time_text(text, 70000), "0.07 ms");
	assert_string_equal(ss__time_text(text, 12345678), "12 ms");
	assert_string_equal(ss__time_text(text, 2500000000), "2.5 s");
	ss__time_text(text, UINT64_MAX);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(ss_cause_name(SS_CAUSE_NONE), "none");
	assert_string_equal(ss_cause_name(SS_CAUSE_COMMIT_LIMIT), "commit-limit");
	assert_string_equal(ss_cause_name((enum ss_cause)99), "unknown");
	assert_string_equal(ss_cause_name((enum ss_cause) - 1), "unknown");
	for (int c = SS_CAUSE_NONE; c <= SS_CAUSE_PID_NAMESPACE; c++)
		assert_string_not_equal(ss_cause_name((enum ss_cause)c), "unknown");
}

static void reasons_name_their_numbers(void **state)
{
	(void)state;
	char line[256];
	struct ss_preflight r = report(SS_FORK_ENOMEM, SS_CAUSE_MAPPING_RAM);
	ss__reason_text(line, sizeof line, &r);
	assert_string_equal(
		line, "one mapping of 2.0 GiB is larger than RAM and swap together, 1.0 GiB");
	r = report(SS_FORK_ENOMEM, SS_CAUSE_COMMIT_LIMIT);
	ss__reason_text(line, sizeof line, &r);
	assert_string_equal(
		line, "the charge of 3.0 GiB is more than the 1.0 GiB left of the commit limit");
	r = report(SS_FORK_EAGAIN, SS_CAUSE_NPROC);
	ss__reason_text(line, sizeof line, &r);
	assert_non_null(strstr(line, "512"));
	assert_non_null(strstr(line, "700"));
	r.cause = SS_CAUSE_PIDS_CGROUP;
	ss__reason_text(line, sizeof line, &r);
	assert_string_equal(line, "pids.max of one of its cgroups is 512, and there are 700 tasks");
}

static void advice_fits_the_cause(void **state)
{
	(void)state;
	struct ss_preflight r = report(SS_FORK_OK, SS_CAUSE_NONE);
	assert_string_equal(all_advice(&r), "");
	r = report(SS_FORK_ENOMEM, SS_CAUSE_MAPPING_RAM);
	assert_non_null(strstr(all_advice(&r), "ss_spawn"));
	assert_non_null(strstr(all_advice(&r), "safespawn run"));
	assert_non_null(strstr(all_advice(&r), "overcommit_memory=1"));
	assert_null(strstr(all_advice(&r), "overcommit_kbytes"));
	r = report(SS_FORK_ENOMEM, SS_CAUSE_COMMIT_LIMIT);
	assert_non_null(strstr(all_advice(&r), "overcommit_kbytes to 7340032 minus SwapTotal"));
	assert_null(strstr(all_advice(&r), "--exact"));
	r.exact = 0;
	assert_non_null(strstr(all_advice(&r), "--exact"));
	r = report(SS_FORK_EAGAIN, SS_CAUSE_THREADS_MAX);
	assert_non_null(strstr(all_advice(&r), "kernel.threads-max"));
	assert_non_null(strstr(all_advice(&r), "every new process is refused"));
	r.verdict = SS_FORK_UNSURE;
	assert_null(strstr(all_advice(&r), "every new process"));
	assert_non_null(strstr(all_advice(&r), "if fork is refused, so is ss_spawn"));
	r = report(SS_FORK_OK, SS_CAUSE_NONE);
	r.estimated_ns = 50000000;
	assert_non_null(strstr(all_advice(&r), "50 ms"));
	r.warnings = SS_WARN_MEMORY_CGROUP;
	assert_non_null(strstr(all_advice(&r), "kill this process"));
}

/* Of the numbers of a machine on which more is committed than may be. */
static void the_limit_advised_is_above_what_is_committed(void **state)
{
	(void)state;
	struct ss_preflight r = report(SS_FORK_ENOMEM, SS_CAUSE_COMMIT_LIMIT);
	r.headroom_bytes = 0;
	r.committed_bytes = UINT64_C(6) << 30;
	r.uncertainty_bytes = 100 << 20;
	/* 6 GiB, reserves of 136 MiB, the charge of 3 GiB, 100 MiB */
	assert_non_null(strstr(all_advice(&r), "overcommit_kbytes to 9678848 minus SwapTotal"));
	r.committed_bytes = UINT64_C(2) << 30;
	assert_non_null(strstr(all_advice(&r), "overcommit_kbytes to 7442432 minus SwapTotal"));
	r.committed_bytes = UINT64_MAX;
	all_advice(&r);
}

static void where_no_program_fits_none_is_promised(void **state)
{
	(void)state;
	struct ss_preflight r = report(SS_FORK_ENOMEM, SS_CAUSE_COMMIT_LIMIT);
	assert_non_null(strstr(all_advice(&r), "no room at all"));
	r.headroom_bytes = 512 << 10;
	assert_null(strstr(all_advice(&r), "no room at all"));
	assert_non_null(strstr(all_advice(&r), "hardly any left"));
	r.headroom_bytes = r.uncertainty_bytes = 64 << 20;
	assert_non_null(strstr(all_advice(&r), "hardly any left"));
	r.exact = 0;
	assert_non_null(strstr(all_advice(&r), "no room at all"));
	r = report(SS_FORK_ENOMEM, SS_CAUSE_MAPPING_RAM);
	r.headroom_bytes = 0;
	assert_non_null(strstr(all_advice(&r), "no room at all"));
}

static char *printed(const struct ss_preflight *r)
{
	static char text[4096];
	FILE *to = fmemopen(text, sizeof text, "w");
	assert_non_null(to);
	assert_int_equal(ss_preflight_print(r, to), 0);
	fclose(to);
	return text;
}

static void maps_that_may_not_be_read_are_the_doubt(void **state)
{
	(void)state;
	struct ss_preflight r = report(SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
	assert_non_null(strstr(printed(&r), "too near"));
	r.exact = 0;
	r.mappings = 9;
	assert_non_null(strstr(printed(&r), "too near"));
	r.mappings = 0;
	r.committed_bytes = 1 << 20;
	assert_null(strstr(printed(&r), "too near"));
	assert_non_null(strstr(printed(&r), "fork may fail: its maps cannot be read\n"));
	assert_non_null(strstr(printed(&r), "run this as its user or as root"));
	r.cause = SS_CAUSE_MAPPING_RAM;
	assert_non_null(strstr(printed(&r), "fork may fail: its maps cannot be read\n"));
	r.cause = SS_CAUSE_NPROC;
	assert_null(strstr(printed(&r), "maps"));
	assert_null(strstr(printed(&r), "too near"));
}

static void short_buffers_are_not_overrun(void **state)
{
	(void)state;
	char line[4] = "xyz";
	struct ss_preflight r = report(SS_FORK_ENOMEM, SS_CAUSE_COMMIT_LIMIT);
	assert_true(ss__reason_text(line, 3, &r) > 3);
	assert_int_equal(line[2], '\0');
	assert_true(ss__advice_text(line, 3, &r, 0) > 3);
	assert_int_equal(line[2], '\0');
}

static void printed_for_every_verdict(void **state)
{
	(void)state;
	for (int v = SS_FORK_OK; v <= SS_FORK_UNSURE; v++) {
		for (int c = SS_CAUSE_NONE; c <= SS_CAUSE_PID_NAMESPACE; c++) {
			struct ss_preflight r = report((enum ss_fork_verdict)v, (enum ss_cause)c);
			char *text = NULL;
			size_t size;
			FILE *to = open_memstream(&text, &size);
			assert_int_equal(ss_preflight_print(&r, to), 0);
			fclose(to);
			assert_int_equal(strncmp(text, "42: fork ", 9), 0);
			assert_null(strchr(text, '?'));
			free(text);
		}
	}
}

static void a_failing_stream_is_an_error(void **state)
{
	(void)state;
	struct ss_preflight r = report(SS_FORK_OK, SS_CAUSE_NONE);
	FILE *full = fopen("/dev/full", "w");
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(ss_preflight_print(&r, full), -1);
	fclose(full);
}

static void the_worse_the_more_risk(void **state)
{
	(void)state;
	struct ss_preflight calm = report(SS_FORK_OK, SS_CAUSE_NONE), slow = calm, warned = calm;
	slow.estimated_ns *= 1000;
	warned.warnings = SS_WARN_MEMORY_CGROUP;
	struct ss_preflight unsure = report(SS_FORK_UNSURE, SS_CAUSE_COMMIT_LIMIT);
	struct ss_preflight again = report(SS_FORK_EAGAIN, SS_CAUSE_NPROC);
	struct ss_preflight nomem = report(SS_FORK_ENOMEM, SS_CAUSE_COMMIT_LIMIT);
	assert_true(ss__risk(&calm) < ss__risk(&slow));
	assert_true(ss__risk(&slow) < ss__risk(&warned));
	assert_true(ss__risk(&warned) < ss__risk(&unsure));
	assert_true(ss__risk(&unsure) < ss__risk(&again));
	assert_true(ss__risk(&again) < ss__risk(&nomem));
	struct ss_preflight always = calm;
	always.overcommit = 1;
	always.headroom_bytes = UINT64_MAX;
	assert_true(ss__risk(&always) < ss__risk(&calm));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sizes_and_times),
		TEST(names),
		TEST(reasons_name_their_numbers),
		TEST(advice_fits_the_cause),
		TEST(the_limit_advised_is_above_what_is_committed),
		TEST(where_no_program_fits_none_is_promised),
		TEST(maps_that_may_not_be_read_are_the_doubt),
		TEST(short_buffers_are_not_overrun),
		TEST(printed_for_every_verdict),
		TEST(a_failing_stream_is_an_error),
		TEST(the_worse_the_more_risk),
	};
	return RUN_TESTS(tests);
}
