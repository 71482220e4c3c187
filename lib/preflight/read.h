/* SPDX-License-Identifier: MIT */
#ifndef PREFLIGHT_READ_H
#define PREFLIGHT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "preflight/parse.h"
#include "preflight/snapshot.h"
#include "preflight/users.h"

/* From files to facts. No allocation, a few KiB of stack; each descriptor is close-on-exec and is
 * closed again. All return 0 or -errno unless they say otherwise. */
#define CGROUPS "/sys/fs/cgroup"
struct source {
	int proc;              /* directory */
	int cgroup;            /* -1: missing */
	bool has_cgroups;      /* false: do not look at them */
	bool live;             /* the running kernel's: system calls may be used as well */
	struct census *census; /* NULL: count tasks anew each time */
};

int ss__source_open(struct source *source, const char *dir); /* NULL: /proc */
void ss__source_close(struct source *source);

/*
 * ss__read_lines is for files that the kernel writes in one piece: a short read is the end, which
 * saves a system call. ss__read_pieces is for files of many records: a read may end behind any
 * record.
 */
int ss__read_lines(int dir, const char *path, line_fn *fn, void *to);
int ss__read_pieces(int dir, const char *path, line_fn *fn, void *to);
/* Reads the beginning of the file, NUL-terminated. Returns its length or -errno. */
ssize_t ss__read_text(int dir, const char *path, char *text, size_t size);
/* A single number or "max". */
int ss__read_number(int dir, const char *path, uint64_t *value);
/* Calls fn for each entry whose name is a number, until fn returns false. */
typedef bool entry_fn(void *to, const char *name);
int ss__read_numbered(int dir, const char *path, entry_fn *fn, void *to);

/* Leaves out the number of CPUs where the mode does not need it. */
int ss__read_system(const struct source *source, struct system_facts *sys);
uint64_t ss__read_task_count(const struct source *source);
void ss__read_cpus(const struct source *source, struct system_facts *sys);

/*
 * Opens a task's directory. A descriptor always means the same task, even when its pid is reused.
 * pid 0 and the caller's own pid mean the calling thread, because each thread has its own
 * credentials, and because in an outer /proc this pid is another process. Returns the descriptor or
 * -errno.
 */
bool ss__is_caller(const struct source *source, pid_t pid);
int ss__task_open(const struct source *source, pid_t pid);

bool ss__is_kernel_thread(const struct status *st);
/* -ESRCH: it has ended. -ENOTSUP: a kernel thread. */
int ss__read_status(int task_dir, struct status *st);
/* For a process whose first thread has ended, as `st` shows: opens another thread's directory and
 * reads its status into `st`. */
int ss__living_thread_open(int task_dir, struct status *st);
void ss__read_task(const struct source *source, int task_dir, bool own, const struct status *st,
	const struct system_facts *sys, struct task_facts *task);

/*
 * name, unless NULL, gets the directory of the pids cgroup with the least room, if any has a limit.
 */
enum { CGROUP_NAME = 256 };
void ss__read_cgroups(
	const struct source *source, int task_dir, struct task_facts *task, char *name);
/* `task` is relative to `dir`. 0: not the first namespace, otherwise unknown. */
uint64_t ss__read_user_namespace(int dir, const char *task);
enum pid_namespace ss__read_pid_namespace(const struct source *source, int task_dir);
/* Counts the tasks that can be seen. */
int ss__count_tasks(const struct source *source, struct user_tally *tally);

struct look_options {
	pid_t pid;                /* 0: the caller */
	enum look least;          /* look at least so closely */
	struct top_mappings *top; /* may be NULL; filled in from LOOK_MAPS on */
	char *pids_cgroup;        /* may be NULL; as for ss__read_cgroups */
};
int ss__look(const struct source *source, const struct system_facts *sys,
	const struct look_options *options, struct snapshot *snapshot, struct status *st);

#endif
