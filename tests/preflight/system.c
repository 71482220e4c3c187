/* SPDX-License-Identifier: MIT */
/* The facts of the whole system, from directories that look like /proc. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "leak.h"
#include "preflight/model.h"
#include "preflight/read.h"
#include "temp_dir.h"

static struct temp_dir proc;

static void begin(const char *mode, const char *meminfo)
{
	temp_dir_make(&proc);
	temp_dir_put(&proc, "sys/vm/overcommit_memory", mode);
	temp_dir_put(&proc, "meminfo", meminfo);
}

/* Live: as if it were the running kernel's. */
static struct system_facts facts_read(bool live)
{
	struct source source;
	struct system_facts sys;
	assert_int_equal(ss__source_open(&source, proc.path), 0);
	source.live = live;
	assert_int_equal(ss__read_system(&source, &sys), 0);
	ss__source_close(&source);
	return sys;
}

static void link_to(const char *name, const char *target)
{
	char path[PATH_MAX];
	temp_dir_path(&proc, name, path);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

static void the_version_has_two_files(void **unused)
{
	(void)unused;
	begin("1\n", "MemTotal: 1000 kB\n");
	assert_int_equal(facts_read(false).version, VERSION(5, 2));
	temp_dir_put(&proc, "version", "Linux 3.9 is no version\n");
	assert_int_equal(facts_read(false).version, VERSION(5, 2));
	temp_dir_put(&proc, "version", "Linux version 4.19.1-arm (gcc 8)\n");
	assert_int_equal(facts_read(false).version, VERSION(4, 19));
	temp_dir_put(&proc, "sys/kernel/osrelease", "4.4.0-1\n");
	assert_int_equal(facts_read(false).version, VERSION(4, 4));
	temp_dir_remove(&proc);
}

static void a_missing_limit_is_computed(void **unused)
{
	(void)unused;
	const uint64_t page_kb = (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
	begin("1\n", "MemTotal: 64000 kB\nSwapTotal: 6400 kB\nHugetlb: 32000 kB\n");
	assert_int_equal(facts_read(false).commit_limit, (16000 + 6400) / page_kb);
	temp_dir_put(&proc, "sys/vm/overcommit_ratio", "100\n");
	assert_int_equal(facts_read(false).commit_limit, (32000 + 6400) / page_kb);
	temp_dir_put(&proc, "sys/vm/overcommit_kbytes", "12800\n");
	assert_int_equal(facts_read(false).commit_limit, (12800 + 6400) / page_kb);
	temp_dir_remove(&proc);
}

/* As in a container on a kernel before 5.2. What uname says is not believed. */
static struct system_facts facts_of_an_old_kernel(void)
{
	int before = personality(0xffffffff);
	assert_true(personality((unsigned long)before | UNAME26) >= 0);
	struct system_facts sys = facts_read(true);
	personality((unsigned long)before);
	return sys;
}

static void a_made_up_meminfo_is_not_believed(void **unused)
{
	(void)unused;
	const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	struct sysinfo info;
	begin("0\n", "MemTotal: 1000 kB\nMemFree: 640 kB\nCached: 320 kB\nShmem: 64 kB\n");
	temp_dir_put(&proc, "sys/kernel/osrelease", "4.19.0\n");
	struct system_facts sys = facts_of_an_old_kernel();
	assert_int_equal(sysinfo(&info), 0);
	assert_int_equal(sys.version, VERSION(4, 19));
	assert_int_equal(sys.ram, (uint64_t)info.totalram * info.mem_unit / page_bytes);
	assert_int_equal(sys.free, 640 * 1024 / page_bytes);
	temp_dir_put(&proc, "vmstat", "nr_file_pages 9\n");
	assert_int_equal(facts_of_an_old_kernel().file, 320 * 1024 / page_bytes);
	temp_dir_put(&proc, "vmstat",
		"nr_free_pages 7\nnr_file_pages 9\nnr_shmem 2\nnr_slab_reclaimable 3\n"
		"nr_kernel_misc_reclaimable 4\n");
	sys = facts_of_an_old_kernel();
	assert_int_equal(sys.free, 7);
	assert_int_equal(sys.file, 9);
	assert_int_equal(sys.shmem, 2);
	assert_int_equal(sys.reclaimable, 7);
	/* A copy of /proc is what it says. */
	assert_int_equal(facts_read(false).free, 640 * 1024 / page_bytes);
	temp_dir_remove(&proc);
}

/* Only in a namespace of its own may a small pid_max concern fewer tasks than there are. */
static void tasks_are_counted_where_pids_are_few(void **unused)
{
	(void)unused;
	begin("1\n", "MemTotal: 1000 kB\n");
	temp_dir_put(&proc, "self/x", "");
	temp_dir_put(&proc, "self/ns/x", "");
	temp_dir_put(&proc, "7/status", "Tgid:\t7\nUid:\t5\t5\t5\t5\nThreads:\t3\n");
	link_to("self/ns/pid", "pid:[4026532999]");
	temp_dir_put(&proc, "sys/kernel/pid_max", "4000000\n");
	struct system_facts sys = facts_read(true);
	assert_int_equal(sys.numbered_tasks, sys.tasks);
	temp_dir_put(&proc, "sys/kernel/pid_max", "301\n");
	sys = facts_read(true);
	assert_int_equal(sys.numbered_tasks, 3);
	assert_true(sys.tasks > 3);
	assert_int_equal(facts_read(false).numbered_tasks, 0);
	link_to("self/ns/pid", "pid:[4026531836]");
	sys = facts_read(true);
	assert_int_equal(sys.numbered_tasks, sys.tasks);
	temp_dir_remove(&proc);
}

static void cpus_are_counted_once(void **unused)
{
	(void)unused;
	struct source source;
	struct system_facts sys = {.cpus = 0};
	begin("1\n", "MemTotal: 1000 kB\n");
	temp_dir_put(&proc, "stat", "cpu 1\ncpu0 1\ncpu1 1\ncpu2 1\n");
	assert_int_equal(ss__source_open(&source, proc.path), 0);
	ss__read_cpus(&source, &sys);
	assert_int_equal(sys.cpus, 3);
	temp_dir_put(&proc, "stat", "cpu 1\ncpu0 1\n");
	ss__read_cpus(&source, &sys);
	assert_int_equal(sys.cpus, 3);
	source.live = true;
	sys.cpus = 0;
	ss__read_cpus(&source, &sys);
	assert_true(sys.cpus >= (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	ss__source_close(&source);
	temp_dir_remove(&proc);
}

static void count_line(void *to, const char *line)
{
	(void)line;
	++*(int *)to;
}

static void a_file_may_be_larger_than_the_buffer(void **unused)
{
	(void)unused;
	enum { LINES = 40000 };
	static char text[LINES * 7 + 1];
	struct source source;
	int lines = 0;
	for (int i = 0; i < LINES; i++)
		snprintf(text + (size_t)i * 7, 8, "%06d\n", i);
	begin("1\n", text);
	assert_int_equal(ss__source_open(&source, proc.path), 0);
	assert_int_equal(ss__read_lines(source.proc, "meminfo", count_line, &lines), 0);
	assert_int_equal(lines, LINES);
	ss__source_close(&source);
	temp_dir_remove(&proc);
}

static void count_mapping(void *to, const char *line)
{
	*(int *)to += strstr(line, "VmFlags:") == line;
}

/* The kernel gives whole records, so that a read ends before the buffer does. */
static void records_come_in_pieces(void **unused)
{
	(void)unused;
	enum { PAGES = 200 };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct source source;
	int mappings = 0;
	char *place = mmap(NULL, PAGES * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(place, MAP_FAILED);
	for (size_t i = 0; i < PAGES; i += 2)
		assert_int_equal(mprotect(place + i * page, page, PROT_READ | PROT_WRITE), 0);
	assert_int_equal(ss__source_open(&source, NULL), 0);
	int error = ss__read_pieces(source.proc, "self/smaps", count_mapping, &mappings);
	ss__source_close(&source);
	munmap(place, PAGES * page);
	if (error == -ENOENT)
		skip();
	assert_int_equal(error, 0);
	assert_true(mappings >= PAGES);
}

/* Where a reserve depends on it: in mode 2, and before 5.2 in each mode. */
static bool is_in_the_first_namespace(int mode, unsigned version)
{
	struct source source;
	struct status st;
	struct task_facts facts;
	const struct system_facts sys = {
		.page_bytes = 4096, .version = version, .overcommit = mode, .tasks = 1};
	assert_int_equal(ss__source_open(&source, proc.path), 0);
	int dir = ss__task_open(&source, 7);
	assert_int_equal(ss__read_status(dir, &st), 0);
	ss__read_task(&source, dir, false, &st, &sys, &facts);
	close(dir);
	ss__source_close(&source);
	return facts.first_namespace;
}

static void the_user_namespace_is_asked_for_where_it_matters(void **unused)
{
	(void)unused;
	begin("2\n", "MemTotal: 1000 kB\n");
	temp_dir_put(
		&proc, "7/status", "Tgid:\t7\nUid:\t5\t5\t5\t5\nThreads:\t3\nVmSize:\t80 kB\n");
	temp_dir_put(&proc, "7/ns/x", "");
	link_to("7/ns/user", "user:[4026532999]");
	assert_false(is_in_the_first_namespace(2, VERSION(6, 1)));
	assert_false(is_in_the_first_namespace(0, VERSION(4, 19)));
	assert_true(is_in_the_first_namespace(0, VERSION(6, 1)));
	link_to("7/ns/user", "user:[4026531837]");
	assert_true(is_in_the_first_namespace(2, VERSION(6, 1)));
	temp_dir_remove(&proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_version_has_two_files),
		TEST(a_missing_limit_is_computed),
		TEST(a_made_up_meminfo_is_not_believed),
		TEST(tasks_are_counted_where_pids_are_few),
		TEST(cpus_are_counted_once),
		TEST(a_file_may_be_larger_than_the_buffer),
		TEST(records_come_in_pieces),
		TEST(the_user_namespace_is_asked_for_where_it_matters),
	};
	return RUN_TESTS(tests);
}
