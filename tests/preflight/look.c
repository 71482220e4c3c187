/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leak.h"
#include "preflight/model.h"
#include "preflight/read.h"

/* Directories that look like /proc: those of the tests' data, and one made up here. */

static char data[512];

static int look_in(const char *dir, pid_t pid, enum look least, struct top_mappings *top,
	struct ss_preflight *r)
{
	char path[600];
	struct source source;
	struct system_facts sys;
	struct snapshot snapshot;
	struct status st;
	const struct look_options options = {.pid = pid, .least = least, .top = top};
	snprintf(path, sizeof path, "%s/%s", data, dir);
	assert_int_equal(ss__source_open(&source, path), 0);
	int error = ss__read_system(&source, &sys);
	if (!error)
		error = ss__look(&source, &sys, &options, &snapshot, &st);
	ss__source_close(&source);
	if (!error)
		ss__fill_report(r, &snapshot);
	return error;
}

static void the_starting_case(void **state)
{
	(void)state;
	struct ss_preflight r;
	struct top_mappings top;
	assert_int_equal(look_in("embedded-4.19", 312, LOOK_STATUS, &top, &r), 0);
	assert_int_equal(r.pid, 312);
	assert_int_equal(r.overcommit, 0);
	assert_int_equal(r.verdict, SS_FORK_ENOMEM);
	assert_int_equal(r.cause, SS_CAUSE_MAPPING_AVAILABLE);
	assert_true(r.exact);
	assert_int_equal(r.headroom_bytes, 19376 * 1024);
	assert_int_equal(r.largest_bytes, 7682 * 4096);
	assert_int_equal(r.charge_bytes, 32036 * 1024);
	assert_int_equal(r.mappings, 12);
	assert_int_equal(r.charged_mappings, 8);
	assert_int_equal(r.page_table_bytes, 48 * 1024);
	assert_int_equal(top.mapping[0].end - top.mapping[0].start, 7682 * 4096);
}

static void not_there(void **state)
{
	(void)state;
	struct ss_preflight r;
	struct source source;
	assert_int_equal(look_in("embedded-4.19", 313, LOOK_STATUS, NULL, &r), -ESRCH);
	assert_int_equal(ss__source_open(&source, "/nonexistent"), -ENOENT);
	assert_int_equal(ss__source_open(&source, "/etc/passwd"), -ENOTDIR);
}

/* ---- cgroups ------------------------------------------------------------------------------- */

static char root[64];

static void put(const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", root, name);
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void begin(void)
{
	strcpy(root, "/tmp/preflight.XXXXXX");
	assert_non_null(mkdtemp(root));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void end(void)
{
	assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static char tightest[CGROUP_NAME];

static void open_made_up(struct source *source)
{
	char path[128];
	assert_int_equal(ss__source_open(source, root), 0);
	snprintf(path, sizeof path, "%s/cgroup", root);
	source->cgroup = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	source->has_cgroups = true;
}

static void read_made_up(struct task_facts *task)
{
	struct source source;
	open_made_up(&source);
	int dir = ss__task_open(&source, 7);
	assert_true(dir >= 0);
	task->pids_room = task->memory_room_bytes = NO_LIMIT;
	tightest[0] = '\0';
	ss__read_cgroups(&source, dir, task, tightest);
	close(dir);
	ss__source_close(&source);
}

static void version_2_takes_the_least_room_of_all_levels(void **state)
{
	(void)state;
	struct task_facts task;
	begin();
	put("7/cgroup", "0::/a/b\n");
	put("cgroup/a/b/cgroup.procs", "");
	put("cgroup/a/b/pids.max", "max\n");
	put("cgroup/a/b/memory.max", "1000000\n");
	put("cgroup/a/b/memory.current", "400000\n");
	put("cgroup/a/b/memory.stat", "file 9\n");
	put("cgroup/a/pids.max", "10\n");
	put("cgroup/a/pids.current", "7\n");
	put("cgroup/a/memory.max", "900000\n");
	put("cgroup/a/memory.current", "900000\n");
	put("cgroup/a/memory.stat", "anon 5\ninactive_file 300\nactive_file 40\n");
	read_made_up(&task);
	assert_int_equal(task.pids_room, 3);
	assert_int_equal(task.pids, 7);
	assert_int_equal(task.pids_max, 10);
	assert_string_equal(tightest, "/sys/fs/cgroup/a");
	assert_int_equal(task.memory_room_bytes, 340);
	put("cgroup/pids.max", "5\n");
	put("cgroup/pids.current", "9\n");
	read_made_up(&task);
	assert_int_equal(task.pids_room, 0);
	assert_int_equal(task.pids, 9);
	assert_int_equal(task.pids_max, 5);
	end();
}

static void version_1_has_a_hierarchy_for_each(void **state)
{
	(void)state;
	struct task_facts task;
	begin();
	put("7/cgroup", "8:pids:/p/q\n4:memory:/m\n0::/\n");
	put("cgroup/pids/p/q/cgroup.procs", "");
	put("cgroup/memory/m/cgroup.procs", "");
	put("cgroup/pids/p/q/pids.max", "100\n");
	put("cgroup/pids/p/q/pids.current", "98\n");
	put("cgroup/memory/m/memory.limit_in_bytes", "5000000\n");
	put("cgroup/memory/m/memory.usage_in_bytes", "4000000\n");
	put("cgroup/memory/m/memory.stat", "total_inactive_file 70\ntotal_active_file 1\n");
	put("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	read_made_up(&task);
	assert_int_equal(task.pids_room, 2);
	assert_int_equal(task.memory_room_bytes, 1000071);
	end();
}

static void unknown_cgroups_limit_nothing(void **state)
{
	(void)state;
	static const char *const paths[] = {
		"0::/../x\n",
		"0::/nowhere\n",
		"8:pids:/..\n",
		"",
		"0::\n",
	};
	struct task_facts task;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		begin();
		put("7/cgroup", paths[i]);
		put("cgroup/cgroup.procs", "");
		put("pids.max", "0\n");
		put("x/pids.max", "0\n");
		read_made_up(&task);
		assert_true(task.pids_room == NO_LIMIT);
		assert_true(task.memory_room_bytes == NO_LIMIT);
		end();
	}
}

static void link_to(const char *name, const char *target)
{
	char path[512];
	put(name, "");
	snprintf(path, sizeof path, "%s/%s", root, name);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(target, path), 0);
}

static void mount_at(const char *mount_root, const char *point)
{
	char line[512];
	snprintf(line, sizeof line, "33 25 0:29 %s %s/%s rw - cgroup2 x rw\n", mount_root, root,
		point);
	put("self/mountinfo", line);
}

/* The path "/" is then the namespace's root, not that of the hierarchy in the usual place. */
static void in_a_namespace_the_mount_is_looked_at_first(void **state)
{
	(void)state;
	struct task_facts task;
	begin();
	put("7/cgroup", "0::/\n");
	put("cgroup/cgroup.procs", "");
	put("cgroup/pids.max", "50\n");
	put("cgroup/pids.current", "10\n");
	read_made_up(&task);
	assert_int_equal(task.pids_room, 40);
	put("here/cgroup.procs", "");
	put("here/pids.max", "30\n");
	put("here/pids.current", "10\n");
	link_to("self/ns/cgroup", "cgroup:[4026531835]");
	mount_at("/", "here");
	read_made_up(&task);
	assert_true(task.pids_room == NO_LIMIT);
	put("7/cgroup", "0::/a\n");
	put("cgroup/a/cgroup.procs", "");
	put("cgroup/a/pids.max", "20\n");
	put("cgroup/a/pids.current", "10\n");
	read_made_up(&task);
	assert_int_equal(task.pids_room, 10);
	put("7/cgroup", "0::/\n");
	link_to("self/ns/cgroup", "cgroup:[4026532999]");
	read_made_up(&task);
	assert_int_equal(task.pids_room, 20);
	mount_at("/..", "cgroup");
	read_made_up(&task);
	assert_true(task.pids_room == NO_LIMIT);
	end();
}

/* In modes that do not ask for the CPUs themselves. */
static void each_cpu_may_keep_back_some_of_a_memory_cgroup(void **state)
{
	(void)state;
	struct source source;
	struct system_facts sys;
	struct snapshot snapshot;
	struct status st;
	const struct look_options options = {.pid = 7};
	begin();
	put("stat", "cpu 1\ncpu0 1\ncpu1 1\ncpu2 1\n");
	put("meminfo", "MemTotal: 1000 kB\n");
	put("sys/kernel/osrelease", "6.1.0\n");
	put("sys/vm/overcommit_memory", "1\n");
	put("7/status", "Tgid:\t7\nVmSize:\t80 kB\nVmPTE:\t40 kB\n");
	put("7/cgroup", "0::/\n");
	put("cgroup/cgroup.procs", "");
	put("cgroup/memory.max", "9000\n");
	put("cgroup/memory.current", "8000\n");
	open_made_up(&source);
	assert_int_equal(ss__read_system(&source, &sys), 0);
	assert_int_equal(ss__look(&source, &sys, &options, &snapshot, &st), 0);
	ss__source_close(&source);
	assert_int_equal(ss__memory_cgroup_need_bytes(&snapshot), (40 + 64 + 3 * 256) << 10);
	end();
}

static void mounted_elsewhere(void **state)
{
	(void)state;
	struct task_facts task;
	begin();
	put("7/cgroup", "0::/a\n");
	put("other/a/cgroup.procs", "");
	put("other/a/pids.max", "30\n");
	put("other/a/pids.current", "10\n");
	mount_at("/", "other");
	read_made_up(&task);
	assert_int_equal(task.pids_room, 20);
	/* An empty directory in the usual place, and the path "/". */
	put("cgroup/x", "");
	put("7/cgroup", "0::/\n");
	mount_at("/", "other/a");
	read_made_up(&task);
	assert_int_equal(task.pids_room, 20);
	end();
}

/* ---- counting ------------------------------------------------------------------------------ */

static void put_process(const char *pid, int uid, int threads, const char *user_ns)
{
	char name[64], text[128];
	snprintf(name, sizeof name, "%s/status", pid);
	snprintf(text, sizeof text, "Tgid:\t%s\nUid:\t%d\t6\t6\t6\nThreads:\t%d\nVmSize:\t80 kB\n",
		pid, uid, threads);
	put(name, text);
	snprintf(name, sizeof name, "%s/ns/user", pid);
	if (user_ns)
		link_to(name, user_ns);
}

static struct user_tally counted(const struct source *source, uint64_t uid)
{
	struct user_tally t = {.uid = uid, .user_ns = FIRST_USER_NAMESPACE};
	assert_int_equal(ss__count_tasks(source, &t), 0);
	return t;
}

static void tasks_are_counted_by_user_and_namespace(void **state)
{
	(void)state;
	struct source source;
	begin();
	put_process("7", 5, 3, "user:[4026531837]");
	put_process("8", 6, 10, "user:[4026531837]");
	put_process("9", 5, 1, NULL);
	put_process("10", 5, 20, "user:[4026532000]");
	put_process("11", 6, 40, NULL);
	put("11/uid_map", "0 100000 65536\n");
	put("sys/status", "Uid:\t5\t6\t6\t6\nThreads:\t100\n");
	assert_int_equal(ss__source_open(&source, root), 0);
	struct user_tally t = counted(&source, 5);
	assert_int_equal(t.own, 4);
	assert_int_equal(t.namesakes, 20);
	assert_int_equal(t.elsewhere, 60);
	assert_int_equal(t.all, 74);
	ss__source_close(&source);
	end();
}

/* For lists: what comes later is not in it any more. */
static void a_census_is_taken_once(void **state)
{
	(void)state;
	static struct census census;
	struct source source;
	begin();
	put_process("7", 5, 3, NULL);
	assert_int_equal(ss__source_open(&source, root), 0);
	source.census = &census;
	assert_int_equal(counted(&source, 5).own, 3);
	put_process("8", 5, 10, NULL);
	assert_int_equal(counted(&source, 5).own, 3);
	source.census = NULL;
	assert_int_equal(counted(&source, 5).own, 13);
	ss__source_close(&source);
	end();
}

static struct task_facts facts_of(const char *pid, uint64_t tasks)
{
	struct source source;
	struct system_facts sys = {.page_bytes = 4096, .version = VERSION(6, 1), .tasks = tasks};
	struct task_facts facts;
	struct status st;
	assert_int_equal(ss__source_open(&source, root), 0);
	int dir = ss__task_open(&source, atoi(pid));
	assert_int_equal(ss__read_status(dir, &st), 0);
	ss__read_task(&source, dir, false, &st, &sys, &facts);
	close(dir);
	ss__source_close(&source);
	return facts;
}

static void nobody_is_counted_for_the_exempt(void **state)
{
	(void)state;
	static const char limit[] = "Max processes 2 2 processes\n";
	begin();
	put_process("7", 5, 3, NULL);
	put_process("8", 0, 3, NULL);
	put("7/limits", limit);
	put("8/limits", limit);
	struct task_facts user = facts_of("7", 6), root_user = facts_of("8", 6);
	assert_int_equal(user.user_tasks_low, 3);
	assert_int_equal(user.user_tasks_high, 3);
	assert_int_equal(root_user.user_tasks_low, 0);
	link_to("8/ns/user", "user:[4026532000]");
	assert_int_equal(facts_of("8", 6).user_tasks_low, 3);
	assert_int_equal(facts_of("8", 6).user_tasks_high, 6);
	end();
}

static void who_ended_meanwhile_is_not_unseen(void **state)
{
	(void)state;
	begin();
	put_process("7", 5, 3, NULL);
	put("7/limits", "Max processes 2 2 processes\n");
	assert_int_equal(facts_of("7", 9).user_tasks_high, 9);
	put("loadavg", "0 0 0 1/4 9\n");
	assert_int_equal(facts_of("7", 9).user_tasks_high, 4);
	put("loadavg", "0 0 0 1/12 9\n");
	assert_int_equal(facts_of("7", 9).user_tasks_high, 9);
	end();
}

static void kernel_threads_and_the_dead(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{"Tgid:\t7\nPPid:\t2\nState:\tI (idle)\n", -ENOTSUP},
		{"Tgid:\t2\nPPid:\t0\nState:\tS (sleeping)\n", -ENOTSUP},
		{"Tgid:\t7\nPPid:\t0\nState:\tS (sleeping)\nKthread:\t1\n", -ENOTSUP},
		{"Tgid:\t7\nPPid:\t1\nState:\tZ (zombie)\n", -ESRCH},
		{"Tgid:\t7\nPPid:\t2\nState:\tZ (zombie)\n", -ESRCH},
		{"Tgid:\t7\nPPid:\t1\nState:\tR (running)\nKthread:\t0\n", -ESRCH},
		{"VmSize:\t 8 kB\n", 0},
	};
	struct source source;
	struct status st;
	begin();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		put("7/status", cases[i].text);
		assert_int_equal(ss__source_open(&source, root), 0);
		int dir = ss__task_open(&source, 7);
		assert_int_equal(ss__read_status(dir, &st), cases[i].error);
		close(dir);
		ss__source_close(&source);
	}
	end();
}

static void a_process_without_its_first_thread(void **state)
{
	(void)state;
	struct ss_preflight r;
	struct source source;
	struct system_facts sys = {.page_bytes = 4096, .overcommit = 1};
	struct snapshot snapshot;
	struct status st;
	const struct look_options options = {.pid = 7};
	begin();
	put("7/status", "Name:\tserver\nState:\tZ (zombie)\nTgid:\t7\nPPid:\t1\nThreads:\t3\n");
	put("7/task/7/status", "Name:\tserver\nState:\tZ (zombie)\nTgid:\t7\nThreads:\t3\n");
	put("7/task/9/status", "Name:\twork\nState:\tS\nTgid:\t7\nThreads:\t3\nVmSize:\t80 kB\n"
			       "VmRSS:\t40 kB\n");
	assert_int_equal(ss__source_open(&source, root), 0);
	assert_int_equal(ss__look(&source, &sys, &options, &snapshot, &st), 0);
	ss__fill_report(&r, &snapshot);
	assert_int_equal(r.pid, 7);
	assert_int_equal(r.resident_bytes, 40960);
	assert_string_equal(st.name, "server");
	put("7/task/9/status", "Name:\twork\nState:\tZ (zombie)\nTgid:\t7\nThreads:\t3\n");
	assert_int_equal(ss__look(&source, &sys, &options, &snapshot, &st), -ESRCH);
	ss__source_close(&source);
	end();
}

int main(int argc, char **argv)
{
	snprintf(data, sizeof data, "%s", argc > 1 && strchr(argv[1], '/') ? argv[1] : DATA);
	const struct CMUnitTest tests[] = {
		TEST(the_starting_case),
		TEST(not_there),
		TEST(version_2_takes_the_least_room_of_all_levels),
		TEST(version_1_has_a_hierarchy_for_each),
		TEST(unknown_cgroups_limit_nothing),
		TEST(in_a_namespace_the_mount_is_looked_at_first),
		TEST(each_cpu_may_keep_back_some_of_a_memory_cgroup),
		TEST(mounted_elsewhere),
		TEST(tasks_are_counted_by_user_and_namespace),
		TEST(a_census_is_taken_once),
		TEST(nobody_is_counted_for_the_exempt),
		TEST(who_ended_meanwhile_is_not_unseen),
		TEST(kernel_threads_and_the_dead),
		TEST(a_process_without_its_first_thread),
	};
	return RUN_TESTS(tests);
}
