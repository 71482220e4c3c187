/* SPDX-License-Identifier: MIT */
#ifndef PREFLIGHT_PARSE_H
#define PREFLIGHT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preflight/scan.h"

/* One parser for each file of /proc, called with each line: pure, no allocation, any input. Unknown
 * lines are skipped. A missing value stays as the caller set it. Structs start zeroed. */

/* "Key: 123 kB" and "key 123" */
struct field {
	const char *key;
	size_t offset; /* of a uint64_t */
};
bool ss__parse_field(const struct field *fields, size_t n, const char *line, void *into);

struct meminfo { /* kB, but for the count of huge pages */
	uint64_t total, free, buffers, cached, swap_cached, swap_total, swap_free, shmem;
	uint64_t reclaimable, slab_reclaimable, commit_limit, committed;
	uint64_t hugetlb, huge_pages, huge_page_size, available;
};
line_fn ss__parse_meminfo;

struct vmstat { /* pages */
	uint64_t free, file, shmem, slab_reclaimable, misc_reclaimable;
};
line_fn ss__parse_vmstat;

struct zoneinfo {
	uint64_t reserve;                   /* pages: the kernel's totalreserve_pages */
	uint64_t high, managed, protection; /* of the zone being read */
};
line_fn ss__parse_zoneinfo;
void ss__parse_zoneinfo_end(struct zoneinfo *z);

struct status { /* kB, but for the first lines */
	char name[64];
	char state;
	bool has_memory; /* there is a VmSize line: neither kernel thread nor zombie */
	uint64_t pid, parent, uid, threads, kernel_thread, cap_effective;
	uint64_t size, resident, resident_anon, data, stack, page_tables, swap;
};
line_fn ss__parse_status;

struct limits {
	bool has_processes;
	uint64_t processes; /* soft limit */
};
line_fn ss__parse_limits;

struct cgroup_paths {
	char v2[1024], pids[1024], memory[1024]; /* "" where there is none or it is too long */
};
line_fn ss__parse_cgroup;

/* Where a cgroup hierarchy is mounted: version 1 of a controller, or "" for version 2. */
struct cgroup_mount {
	const char *controller;
	char point[1024]; /* "" : not found */
	char root[1024];  /* the mounted part of the hierarchy */
};
line_fn ss__parse_mountinfo;

struct memory_stat {
	uint64_t active_file, inactive_file, total_active_file, total_inactive_file;
};
line_fn ss__parse_memory_stat;

struct cpu_count {
	uint64_t cpus;
};
line_fn ss__parse_stat_cpus; /* /proc/stat */

/* Single values. They return 0 if there is none. */
int ss__parse_tasks(const char *loadavg, uint64_t *tasks);
int ss__parse_version(const char *release, unsigned *version); /* "5.15.0-91" -> VERSION(5, 15) */
int ss__parse_cpu_list(const char *list, uint64_t *cpus);      /* "0-3,8" -> 5 */
bool ss__parse_full_uid_map(const char *map);                  /* that of the first namespace */
int ss__parse_namespace(const char *link, uint64_t *inode);    /* "user:[4026531837]" */

#define VERSION(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor))

/* ---- maps and smaps ------------------------------------------------------------------------ */

struct mapping {
	uint64_t start, end; /* bytes */
	uint64_t huge;       /* bytes of it in transparent huge pages; smaps only */
	bool is_private, writable;
	bool has_flags, accounted, dont_copy; /* smaps only */
	char perms[5];
	char name[96];
};

enum { TOP_MAPPINGS = 5 };

struct top_mappings {
	size_t n;
	struct mapping mapping[TOP_MAPPINGS]; /* the charged ones, largest first */
};

struct mappings {
	struct top_mappings *top; /* may be NULL */
	bool with_flags;          /* reading smaps */
	uint64_t n, n_flagged;
	uint64_t n_writable, writable, largest_writable; /* private and writable; bytes */
	uint64_t private_bytes, largest_private;
	uint64_t n_charged, charged, largest_charged; /* by their flags */
	uint64_t huge;
	struct mapping now; /* end == 0: none yet */
};
line_fn ss__parse_maps; /* and smaps */
void ss__parse_maps_end(struct mappings *m);

#endif
