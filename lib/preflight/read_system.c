/* SPDX-License-Identifier: MIT */
/* The facts of the system: memory, commit, tasks, CPUs. Reads only what the mode needs. */
#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "preflight/model.h"
#include "preflight/read.h"

static uint64_t pages(const struct system_facts *sys, uint64_t kb)
{
	return ss__mul_clamped(kb, 1024) / sys->page_bytes;
}

static void read_version(const struct source *source, struct system_facts *sys)
{
	static const char before[] = "Linux version ";
	struct utsname name;
	char text[128];
	if (source->live && uname(&name) == 0 && ss__parse_version(name.release, &sys->version) &&
		sys->version > VERSION(2, 6))
		return;
	/* First, because uname says 2.6 under personality(UNAME26). */
	if (ss__read_text(source->proc, "sys/kernel/osrelease", text, sizeof text) > 0 &&
		ss__parse_version(text, &sys->version))
		return;
	if (ss__read_text(source->proc, "version", text, sizeof text) > 0 &&
		!strncmp(text, before, sizeof before - 1))
		ss__parse_version(text + sizeof before - 1, &sys->version);
}

static uint64_t shown_tasks(const struct source *source)
{
	char text[128];
	uint64_t tasks = 0;
	if (ss__read_text(source->proc, "loadavg", text, sizeof text) > 0)
		ss__parse_tasks(text, &tasks);
	return tasks;
}

uint64_t ss__read_task_count(const struct source *source)
{
	struct sysinfo info;
	uint64_t tasks = shown_tasks(source);
	if (source->live && sysinfo(&info) == 0 && info.procs > tasks)
		tasks = info.procs;
	return tasks;
}

static void read_tasks(const struct source *source, struct system_facts *sys)
{
	sys->tasks = shown_tasks(source);
	ss__read_number(source->proc, "sys/kernel/threads-max", &sys->threads_max);
	ss__read_number(source->proc, "sys/kernel/pid_max", &sys->pid_max);
}

/* The load average counts all tasks of the machine. Since 6.14 a PID namespace has a pid_max of its
 * own, for the tasks inside. The inode number of the first namespace is fixed. */
static void number_tasks(const struct source *source, struct system_facts *sys)
{
	char text[64];
	struct user_tally tally = {0};
	sys->numbered_tasks = sys->tasks;
	if (!source->live || !ss__is_near_pid_max(sys->tasks, sys->pid_max))
		return;
	ssize_t n = readlinkat(source->proc, "self/ns/pid", text, sizeof text - 1);
	text[n < 0 ? 0 : n] = '\0';
	if (n > 0 && strcmp(text, "pid:[4026531836]") && ss__count_tasks(source, &tally) == 0)
		sys->numbered_tasks = tally.all;
}

void ss__read_cpus(const struct source *source, struct system_facts *sys)
{
	struct cpu_count count = {0};
	char text[256];
	if (sys->cpus)
		return;
	if (!source->live) {
		ss__read_lines(source->proc, "stat", ss__parse_stat_cpus, &count);
		sys->cpus = count.cpus;
	} else if (ss__read_text(source->proc, "/sys/devices/system/cpu/present", text,
			   sizeof text) > 0) {
		ss__parse_cpu_list(text, &sys->cpus);
	}
}

/* A container may have a false meminfo and loadavg. sysinfo has the kernel's own numbers. */
static bool correct_by_sysinfo(const struct source *source, struct system_facts *sys)
{
	struct sysinfo info;
	if (!source->live || sysinfo(&info) != 0)
		return false;
	uint64_t unit = info.mem_unit ? info.mem_unit : 1, shown = sys->ram;
	sys->ram = ss__mul_clamped(info.totalram, unit) / sys->page_bytes;
	sys->swap = ss__mul_clamped(info.totalswap, unit) / sys->page_bytes;
	if (info.procs > sys->tasks)
		sys->tasks = info.procs;
	return shown != sys->ram;
}

static void read_reserves(const struct source *source, struct system_facts *sys)
{
	uint64_t kb = 0;
	if (ss__read_number(source->proc, "sys/vm/admin_reserve_kbytes", &kb) == 0)
		sys->admin_reserve = pages(sys, kb);
	if (ss__read_number(source->proc, "sys/vm/user_reserve_kbytes", &kb) == 0)
		sys->user_reserve = pages(sys, kb);
}

/* For a meminfo without a CommitLimit. */
static uint64_t computed_limit(
	const struct source *source, const struct system_facts *sys, const struct meminfo *m)
{
	uint64_t kb = 0, ratio = 50;
	ss__read_number(source->proc, "sys/vm/overcommit_kbytes", &kb);
	ss__read_number(source->proc, "sys/vm/overcommit_ratio", &ratio);
	if (kb)
		return ss__add_clamped(pages(sys, kb), sys->swap);
	uint64_t huge = m->hugetlb ? m->hugetlb : ss__mul_clamped(m->huge_pages, m->huge_page_size);
	uint64_t ram = ss__sub_clamped(sys->ram, pages(sys, huge));
	return ss__add_clamped(ss__mul_clamped(ram, ratio) / 100, sys->swap);
}

static void from_meminfo(struct system_facts *sys, const struct meminfo *m)
{
	sys->ram = pages(sys, m->total);
	sys->swap = pages(sys, m->swap_total);
	sys->commit_known = m->committed != NO_LIMIT;
	sys->committed = sys->commit_known ? pages(sys, m->committed) : 0;
	sys->commit_limit = pages(sys, m->commit_limit);
	sys->free = pages(sys, m->free);
	sys->file =
		pages(sys, ss__add_clamped(m->buffers, ss__add_clamped(m->cached, m->swap_cached)));
	sys->shmem = pages(sys, m->shmem);
	sys->swap_free = pages(sys, m->swap_free);
	sys->reclaimable = pages(sys, m->reclaimable ? m->reclaimable : m->slab_reclaimable);
}

static void from_vmstat(const struct source *source, struct system_facts *sys)
{
	struct vmstat v = {0};
	if (ss__read_pieces(source->proc, "vmstat", ss__parse_vmstat, &v) < 0 || v.free == 0)
		return;
	sys->free = v.free;
	sys->file = v.file;
	sys->shmem = v.shmem;
	sys->reclaimable = ss__add_clamped(v.slab_reclaimable, v.misc_reclaimable);
}

/* Values that only some modes and versions need. */
static void read_rest(const struct source *source, struct system_facts *sys,
	const struct meminfo *m, bool made_up)
{
	struct zoneinfo zones = {0};
	bool guesses = sys->overcommit == 0 && ss__is_before_5_2(sys);
	if (sys->commit_limit == 0)
		sys->commit_limit = computed_limit(source, sys, m);
	if (sys->overcommit != 2 && !guesses)
		return;
	read_reserves(source, sys);
	ss__read_cpus(source, sys);
	if (!guesses)
		return;
	if (made_up)
		from_vmstat(source, sys);
	ss__read_pieces(source->proc, "zoneinfo", ss__parse_zoneinfo, &zones);
	ss__parse_zoneinfo_end(&zones);
	sys->reserve = zones.reserve;
}

int ss__read_system(const struct source *source, struct system_facts *sys)
{
	struct meminfo m = {.committed = NO_LIMIT};
	uint64_t mode = 0;
	memset(sys, 0, sizeof *sys);
	sys->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	sys->threads_max = sys->pid_max = NO_LIMIT;
	sys->version = VERSION(5, 2);
	int error = ss__read_number(source->proc, "sys/vm/overcommit_memory", &mode);
	if (error)
		return error;
	sys->overcommit = (int)mode;
	error = ss__read_lines(source->proc, "meminfo", ss__parse_meminfo, &m);
	if (error)
		return error;
	read_version(source, sys);
	read_tasks(source, sys);
	from_meminfo(sys, &m);
	bool made_up = correct_by_sysinfo(source, sys);
	number_tasks(source, sys);
	read_rest(source, sys, &m, made_up);
	return 0;
}
