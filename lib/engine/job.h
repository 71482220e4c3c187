/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_JOB_H
#define ENGINE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <safespawn/stage.h>
#include "engine/clone.h"
#include "engine/fd_plan.h"

/* Which of the job's fields count. */
enum job_flag {
	JOB_SESSION = 1 << 0,
	JOB_GROUP = 1 << 1,
	JOB_TTY = 1 << 2,
	JOB_CGROUP = 1 << 3,
	JOB_NICE = 1 << 4,
	JOB_UMASK = 1 << 5,
	JOB_GROUPS = 1 << 6,
	JOB_GID = 1 << 7,
	JOB_UID = 1 << 8,
	JOB_NO_NEW_PRIVS = 1 << 9,
	JOB_MASK = 1 << 10, /* else the caller's */
	JOB_NO_PIDFD = 1 << 11,
	JOB_NEED_PIDFD = 1 << 12,
	JOB_MERGE = 1 << 13, /* when the files are open, 2 becomes a duplicate of 1 */
	JOB_CWD_FD = 1 << 14,
	JOB_EXEC_FD = 1 << 15,
	JOB_FOREGROUND = 1 << 16,
	JOB_DETACH = 1 << 17,
	JOB_DROP_GROUPS = 1 << 18, /* supplementary groups */
};

struct job_limit {
	int resource;
	struct rlimit limit;
};

/* A file that the child opens as its descriptor 0, 1 or 2. With `inode` it is a pipe of the
 * caller's, and the path must lead to that pipe. */
struct job_file {
	const char *path;
	int flags;
	int to;
	ino_t inode;
	dev_t device;
};

/* The kernel's signal sets: bit n - 1 is signal n. */
typedef uint64_t kernel_sigset;

/*
 * All that crosses the clone. The child finds everything here and writes its answers here. No
 * pointer leads out of the job's block, because the caller may leave while the child still reads
 * it.
 */
struct job {
	const char *paths; /* from ss__path_candidates */
	char *const *argv;
	char *const *env;
	char **shell_argv; /* NULL: no fallback. [0] is the shell, [1] gets the path, then arguments */

	unsigned flags; /* enum job_flag */
	const struct fd_plan *fds;
	const struct job_file *files;
	size_t n_files;
	const char *cwd;
	int cwd_fd;
	int exec_fd;
	const char *oom_score; /* text for /proc/self/oom_score_adj, or NULL */
	size_t oom_score_len;
	pid_t group;
	int tty;
	int cgroup;
	int nice;
	mode_t umask;
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
	const struct job_limit *limits;
	size_t n_limits;
	const void *affinity;
	size_t affinity_size;
	int pdeathsig;
	kernel_sigset mask;
	kernel_sigset sigdefault;

	/* Set by the engine for its child. */
	bool shared_table;   /* with the parent, until the cut */
	bool reset_handlers; /* the clone did not */
	bool cgroup_by_file; /* the clone did not join it */
	int failure_fd; /* where memory is not shared: a pipe for a struct child_failure; else -1 */
	pid_t parent;
	const int *pidfd;         /* where the clone stored it */
	struct clone_call second; /* JOB_DETACH: the middle process makes it */

	/* Written by the child. */
	bool alive;       /* the caller sees it only if memory is shared */
	pid_t second_pid; /* JOB_DETACH: the process ID, or -errno */
	bool opening;     /* a file: this may take for ever */
	enum ss_stage at; /* the present step */
	struct child_failure {
		enum ss_stage stage;
		int error; /* errno, or ENGINE_RETRY_PRIVATE */
	} failure;
};

/* The child could not get a private table: clone again without sharing it. The value is no errno,
 * so the child's functions can return it like one. */
#define ENGINE_RETRY_PRIVATE 4096

/* The child could not open a pipe by its name in /proc: give it the descriptor. */
#define ENGINE_RETRY_BY_NUMBER 4097

#endif
