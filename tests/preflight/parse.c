/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "feed.h"
#include "leak.h"
#include "preflight/model.h"
#include "preflight/parse.h"

/* ---- lines and numbers --------------------------------------------------------------------- */

struct collected {
	char text[20000];
	size_t lines;
};

static void collect(void *to, const char *line)
{
	struct collected *c = to;
	size_t used = strlen(c->text);
	snprintf(c->text + used, sizeof c->text - used, "%s|", line);
	c->lines++;
}

static void lines_are_the_same_for_any_chunk(void **state)
{
	(void)state;
	static const char text[] = "one\n\nthree\nfour and no newline";
	for (size_t chunk = 1; chunk < sizeof text; chunk++) {
		struct collected c = {0};
		feed_chunks(text, sizeof text - 1, chunk, collect, &c);
		assert_string_equal(c.text, "one||three|four and no newline|");
	}
}

static void a_long_line_is_cut_and_the_next_is_whole(void **state)
{
	(void)state;
	static const size_t lengths[] = {4095, 4096, 4097, 8192, 10000};
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct collected c = {0};
		char *text = malloc(lengths[i] + 16);
		memset(text, 'x', lengths[i]);
		strcpy(text + lengths[i], "\nafter\n");
		feed(text, collect, &c);
		free(text);
		assert_int_equal(c.lines, 2);
		assert_string_equal(strchr(c.text, '|'), "|after|");
		size_t kept = strcspn(c.text, "|");
		assert_int_equal(kept, lengths[i] < 4096 ? lengths[i] : 4096);
	}
}

static void numbers(void **state)
{
	(void)state;
	uint64_t v = 7;
	assert_string_equal(ss__scan_decimal(" \t12 kB", &v), " kB");
	assert_int_equal(v, 12);
	assert_string_equal(ss__scan_decimal("12a", &v), "a");
	assert_string_equal(ss__scan_decimal("12:", &v), ":");
	assert_int_equal(v, 12);
	assert_null(ss__scan_decimal("x", &v));
	assert_null(ss__scan_decimal("", &v));
	assert_int_equal(v, 12);
	assert_non_null(ss__scan_decimal("18446744073709551615", &v));
	assert_true(v == UINT64_MAX);
	assert_non_null(ss__scan_decimal("18446744073709551616", &v));
	assert_true(v == UINT64_MAX);
	assert_non_null(ss__scan_decimal("99999999999999999999999999", &v));
	assert_true(v == UINT64_MAX);
	assert_string_equal(ss__scan_hex("7ffcDEad-", &v), "-");
	assert_true(v == 0x7ffcdead);
	assert_true(ss__scan_limit("max\n", &v) && v == NO_LIMIT);
	assert_true(ss__scan_limit("unlimited   ", &v) && v == NO_LIMIT);
	assert_true(ss__scan_limit("-1", &v) && v == NO_LIMIT);
	assert_true(ss__scan_limit("5\n", &v) && v == 5);
	assert_false(ss__scan_limit("five", &v));
	assert_true(ss__mul_clamped(UINT64_MAX, 2) == UINT64_MAX);
	assert_true(ss__add_clamped(UINT64_MAX, 2) == UINT64_MAX);
	assert_true(ss__sub_clamped(1, 2) == 0);
}

/* ---- single files -------------------------------------------------------------------------- */

static void meminfo(void **state)
{
	(void)state;
	struct meminfo m = {.committed = NO_LIMIT};
	feed("MemTotal:       24684084 kB\nMemFree:        24188280 kB\nBuffers:  2112 kB\n"
	     "Cached:           307628 kB\nSwapCached:            4 kB\nShmem: 8872 kB\n"
	     "SwapTotal: 100 kB\nSwapFree: 99 kB\nKReclaimable:      82096 kB\n"
	     "SReclaimable:  82000 kB\nCommitLimit:    12342040 kB\nCommitted_AS:      62024 kB\n"
	     "HugePages_Total:       3\nHugepagesize:       2048 kB\nHugetlb:   6144 kB\n"
	     "MemAvailable:   24300000 kB\nShmemHugePages: 1 kB\nCachedX: 5 kB\n",
		ss__parse_meminfo, &m);
	const struct meminfo want = {24684084, 24188280, 2112, 307628, 4, 100, 99, 8872, 82096,
		82000, 12342040, 62024, 6144, 3, 2048, 24300000};
	assert_memory_equal(&m, &want, sizeof m);
}

static void vmstat(void **state)
{
	(void)state;
	struct vmstat v = {0};
	feed("nr_free_pages 6046\nnr_free_pages_blocks 1\nnr_file_pages 77\nnr_shmem 3\n"
	     "nr_slab_reclaimable 20\nnr_kernel_misc_reclaimable 1\n",
		ss__parse_vmstat, &v);
	const struct vmstat want = {6046, 77, 3, 20, 1};
	assert_memory_equal(&v, &want, sizeof v);
}

static void status(void **state)
{
	(void)state;
	struct status s = {0};
	feed("Name:\tmy prog\nState:\tS (sleeping)\nTgid:\t42\nPid:\t43\nPPid:\t1\n"
	     "Uid:\t1000\t0\t0\t0\nVmSize:\t 3060 kB\nVmRSS:\t1744 kB\nRssAnon:\t 112 kB\n"
	     "VmData:\t 360 kB\nVmStk:\t 132 kB\nVmPTE:\t 40 kB\nVmSwap:\t 3 kB\nThreads:\t5\n"
	     "CapEff:\t000001fffeffffff\nKthread:\t0\n",
		ss__parse_status, &s);
	assert_string_equal(s.name, "my prog");
	assert_int_equal(s.state, 'S');
	assert_true(s.has_memory);
	assert_int_equal(s.pid, 42);
	assert_int_equal(s.parent, 1);
	assert_int_equal(s.uid, 1000);
	assert_int_equal(s.threads, 5);
	assert_true(s.cap_effective == 0x1fffeffffff);
	assert_int_equal(s.size, 3060);
	assert_int_equal(s.resident, 1744);
	assert_int_equal(s.resident_anon, 112);
	assert_int_equal(s.data, 360);
	assert_int_equal(s.stack, 132);
	assert_int_equal(s.page_tables, 40);
	assert_int_equal(s.swap, 3);
}

static void names_are_unescaped(void **state)
{
	(void)state;
	static const struct {
		const char *line, *name;
	} cases[] = {
		{"Name:\ta\\nb\\\\n", "a\nb\\n"},
		{"Name:\t\\x\\", "\\x\\"},
		{"Name:\t  two", "  two"},
		{"Name:", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct status s = {0};
		ss__parse_status(&s, cases[i].line);
		assert_string_equal(s.name, cases[i].name);
	}
}

static void status_with_very_many_groups(void **state)
{
	(void)state;
	struct status s = {0};
	char *text = malloc(200000), *at = text;
	at += sprintf(at, "Name:\tx\nGroups:\t");
	for (int i = 0; i < 20000; i++)
		at += sprintf(at, "%d ", i);
	sprintf(at, "\nVmSize:\t 12 kB\n");
	feed(text, ss__parse_status, &s);
	free(text);
	assert_true(s.has_memory);
	assert_int_equal(s.size, 12);
}

static void status_of_a_kernel_thread(void **state)
{
	(void)state;
	struct status s = {0};
	feed("Name:\tkworker/0:1\nState:\tI (idle)\nTgid:\t9\nPPid:\t2\nUid:\t0\t0\t0\t0\n"
	     "Threads:\t1\nKthread:\t1\n",
		ss__parse_status, &s);
	assert_false(s.has_memory);
	assert_int_equal(s.kernel_thread, 1);
	assert_int_equal(s.parent, 2);
}

static void zoneinfo_gives_the_reserve_of_all_zones(void **state)
{
	(void)state;
	struct zoneinfo z = {0};
	feed("Node 0, zone      DMA\n  per-node stats\n      nr_x 5\n  pages free     3840\n"
	     "        min      10\n        low      13\n        high     16\n"
	     "        managed  3840\n"
	     "        protection: (0, 1907, 23894, 23894)\n  pagesets\n    cpu: 0\n"
	     "              high:  999\n              high_min: 7\n"
	     "Node 0, zone   Normal\n  pages free     1\n        high     100\n"
	     "        managed  50000\n        protection: (0, 0, 0, 0)\n"
	     "Node 0, zone  Movable\n  pages free 0\n        high     32\n        managed  0\n"
	     "        protection: (0, 0, 0, 0)\n",
		ss__parse_zoneinfo, &z);
	ss__parse_zoneinfo_end(&z);
	/* All of the first, as it has no more; the second's watermark; nothing of an empty one. */
	assert_int_equal(z.reserve, 3840 + 100);
}

static void limits(void **state)
{
	(void)state;
	struct limits l = {0};
	feed("Limit                     Soft Limit           Hard Limit           Units     \n"
	     "Max processes             96365                96366                processes \n",
		ss__parse_limits, &l);
	assert_true(l.has_processes);
	assert_int_equal(l.processes, 96365);
	feed("Max processes             unlimited            unlimited            processes\n",
		ss__parse_limits, &l);
	assert_true(l.processes == NO_LIMIT);
}

static void cgroups(void **state)
{
	(void)state;
	struct cgroup_paths c = {0};
	feed("9:name=systemd:/\n8:cpu,pids:/a\n4:memory:/b/c:d\n3:pidsx:/no\n0::/v2\n",
		ss__parse_cgroup, &c);
	assert_string_equal(c.pids, "/a");
	assert_string_equal(c.memory, "/b/c:d");
	assert_string_equal(c.v2, "/v2");
}

static void mountinfo(void **state)
{
	(void)state;
	static const char text[] =
		"25 30 0:23 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
		"33 25 0:29 /docker/abc /sys/fs/cgroup/cpu,pids ro master:11 - cgroup cgroup "
		"rw,cpu,pids\n"
		"34 25 0:30 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw\n"
		"35 25 0:31 /x /mnt rw - cgroup cgroup rw,memory\n";
	struct cgroup_mount pids = {.controller = "pids"}, two = {.controller = ""};
	struct cgroup_mount none = {.controller = "blkio"};
	feed(text, ss__parse_mountinfo, &pids);
	assert_string_equal(pids.point, "/sys/fs/cgroup/cpu,pids");
	assert_string_equal(pids.root, "/docker/abc");
	feed(text, ss__parse_mountinfo, &two);
	assert_string_equal(two.point, "/sys/fs/cgroup/unified");
	assert_string_equal(two.root, "/");
	feed(text, ss__parse_mountinfo, &none);
	assert_string_equal(none.point, "");
}

static void mountinfo_of_odd_mounts(void **state)
{
	(void)state;
	struct cgroup_mount pids = {.controller = "pids"}, two = {.controller = ""};
	feed("33 25 0:29 /.. /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
	     "33 25 0:29 /../../a /mnt/1 rw - cgroup cgroup rw,pids\n"
	     "33 25 0:29 /..a/b\\134c /mnt/two\\040words\\04 rw shared:1 - cgroup x rw,pids\n",
		ss__parse_mountinfo, &pids);
	assert_string_equal(pids.point, "/mnt/two words\\04");
	assert_string_equal(pids.root, "/..a/b\\c");
	feed("34 25 0:30 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", ss__parse_mountinfo, &two);
	assert_string_equal(two.point, "");
}

static void single_values(void **state)
{
	(void)state;
	uint64_t v = 0;
	unsigned version = 0;
	assert_true(ss__parse_tasks("0.07 0.12 0.06 1/87 16847\n", &v) && v == 87);
	assert_false(ss__parse_tasks("nothing", &v));
	assert_true(ss__parse_version("5.15.0-91-generic", &version) && version == VERSION(5, 15));
	assert_true(ss__parse_version("4.19.94", &version) && version < VERSION(5, 2));
	assert_true(ss__parse_version("6.1", &version) && version > VERSION(5, 2));
	assert_false(ss__parse_version("six", &version));
	assert_true(ss__parse_cpu_list("0-3,8\n", &v) && v == 5);
	assert_true(ss__parse_cpu_list("0\n", &v) && v == 1);
	assert_false(ss__parse_cpu_list("3-0\n", &v));
	assert_false(ss__parse_cpu_list("\n", &v));
	assert_true(ss__parse_full_uid_map("         0          0 4294967295\n"));
	assert_false(ss__parse_full_uid_map("         0     100000      65536\n"));
	assert_false(ss__parse_full_uid_map(""));
	assert_true(ss__parse_namespace("user:[4026531837]", &v) && v == 4026531837);
	assert_false(ss__parse_namespace("user:[4026531837", &v));
	assert_false(ss__parse_namespace("", &v));
	struct cpu_count cpus = {0};
	feed("cpu  1 2\ncpu0 1 2\ncpu1 1 2\nintr 5\n", ss__parse_stat_cpus, &cpus);
	assert_int_equal(cpus.cpus, 2);
}

/* ---- maps and smaps ------------------------------------------------------------------------ */

static void maps(void **state)
{
	(void)state;
	struct top_mappings top = {0};
	struct mappings m = {.top = &top};
	feed("1000-3000 rw-p 00000000 00:00 0                    [heap]\n"
	     "4000-9000 rw-p 00000000 00:00 0 \n"
	     "a000-1a000 ---p 00000000 00:00 0 \n"
	     "20000-90000 rw-s 00000000 00:01 5      /dev/shm/a name with spaces\n"
	     "90000-91000 r--p 00000000 fe:00 77                  /lib/x.so\n",
		ss__parse_maps, &m);
	ss__parse_maps_end(&m);
	assert_int_equal(m.n, 5);
	assert_int_equal(m.n_flagged, 0);
	assert_int_equal(m.n_writable, 2);
	assert_int_equal(m.writable, 0x7000);
	assert_int_equal(m.largest_writable, 0x5000);
	assert_int_equal(m.private_bytes, 0x18000);
	assert_int_equal(m.largest_private, 0x10000);
	assert_int_equal(top.n, 2);
	assert_int_equal(top.mapping[0].start, 0x4000);
	assert_string_equal(top.mapping[0].name, "");
	assert_string_equal(top.mapping[1].name, "[heap]");
	assert_string_equal(top.mapping[1].perms, "rw-p");
}

static void smaps_charges_by_flags(void **state)
{
	(void)state;
	struct mappings m = {.with_flags = true};
	feed("1000-3000 rw-p 00000000 00:00 0                    [heap]\n"
	     "Size:                  8 kB\nAnonHugePages:         4 kB\nVmFlags: rd wr ac \n"
	     "4000-9000 rw-p 00000000 00:00 0 \nAnonymous: 4 kB\nVmFlags: rd wr ac dc \n"
	     "a000-c000 r--p 00000000 00:00 0 \nVmFlags: rd mr ac sd \n"
	     "d000-e000 rw-p 00000000 00:00 0 \nVmFlags: rd wr nr acx xac \n",
		ss__parse_maps, &m);
	ss__parse_maps_end(&m);
	assert_int_equal(m.n, 4);
	assert_int_equal(m.n_flagged, 4);
	assert_int_equal(m.n_charged, 2);
	assert_int_equal(m.charged, 0x4000);
	assert_int_equal(m.largest_charged, 0x2000);
	assert_int_equal(m.huge, 4096);
	struct charge_facts c = ss__charge_from_mappings(&m, 4096);
	assert_int_equal(c.look, LOOK_SMAPS);
	assert_true(c.sum.low == 4 && c.sum.likely == 4 && c.sum.high == 4);
}

static void smaps_without_flags_is_no_better_than_maps(void **state)
{
	(void)state;
	struct mappings m = {.with_flags = true};
	feed("1000-3000 rw-p 00000000 00:00 0                    [heap]\nSize:  8 kB\n",
		ss__parse_maps, &m);
	ss__parse_maps_end(&m);
	struct charge_facts c = ss__charge_from_mappings(&m, 4096);
	assert_int_equal(c.look, LOOK_MAPS);
	assert_true(c.final);
	assert_int_equal(c.sum.likely, 2);
}

static void the_largest_come_first_and_no_more_than_fit(void **state)
{
	(void)state;
	struct top_mappings top = {0};
	struct mappings m = {.top = &top};
	char line[64];
	static const unsigned sizes[] = {3, 9, 1, 7, 5, 9, 2, 8, 4, 6};
	for (unsigned i = 0; i < 10; i++) {
		snprintf(line, sizeof line, "%x-%x rw-p 0 0:0 0", i << 16, (i << 16) + sizes[i]);
		ss__parse_maps(&m, line);
	}
	ss__parse_maps_end(&m);
	static const unsigned want[] = {9, 9, 8, 7, 6};
	assert_int_equal(top.n, TOP_MAPPINGS);
	for (unsigned i = 0; i < TOP_MAPPINGS; i++)
		assert_int_equal(top.mapping[i].end - top.mapping[i].start, want[i]);
	assert_true(top.mapping[0].start < top.mapping[1].start);
}

static void nonsense_is_skipped(void **state)
{
	(void)state;
	struct mappings m = {.with_flags = true};
	feed("VmFlags: ac\nAnonHugePages: 1 kB\n-\n1000\n1000-\n1000-2000\n1000-2000 rw\n"
	     "2000-1000 rw-p 0 0:0 0\n1000-1000 rw-p 0 0:0 0\n zz-yy rw-p\nabcdef: 1\n",
		ss__parse_maps, &m);
	ss__parse_maps_end(&m);
	assert_int_equal(m.n, 0);
	assert_int_equal(m.charged, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_the_same_for_any_chunk),
		TEST(a_long_line_is_cut_and_the_next_is_whole),
		TEST(numbers),
		TEST(meminfo),
		TEST(vmstat),
		TEST(status),
		TEST(names_are_unescaped),
		TEST(status_with_very_many_groups),
		TEST(status_of_a_kernel_thread),
		TEST(zoneinfo_gives_the_reserve_of_all_zones),
		TEST(limits),
		TEST(cgroups),
		TEST(mountinfo),
		TEST(mountinfo_of_odd_mounts),
		TEST(single_values),
		TEST(maps),
		TEST(smaps_charges_by_flags),
		TEST(smaps_without_flags_is_no_better_than_maps),
		TEST(the_largest_come_first_and_no_more_than_fit),
		TEST(nonsense_is_skipped),
	};
	return RUN_TESTS(tests);
}
