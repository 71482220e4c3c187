/* SPDX-License-Identifier: MIT */
/*
 * libsafespawn: starts programs without fork, so that neither the size of the caller nor the
 * kernel's overcommit policy matters.
 *
 * A function that fails returns -1 (or NULL) and sets errno; nothing else has changed then and what
 * pointers lead to is untouched. On success errno is untouched. Every function may be called from
 * any thread unless its comment says otherwise. No pthread_atfork handlers run.
 */
#ifndef SAFESPAWN_H
#define SAFESPAWN_H

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/select.h> /* sigset_t, even if <signal.h> hides it */
#include <sys/types.h>

#include <safespawn/stage.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SS_API __attribute__((visibility("default")))

/* cpu_set_t is only there with _GNU_SOURCE. */
#ifdef CPU_SETSIZE
#define SS_CPU_SET_T cpu_set_t
#else
#define SS_CPU_SET_T void
#endif

/* ---- What to spawn ------------------------------------------------------------------------ */

/* struct ss_options.flags */
#define SS_KEEP_FDS (UINT64_C(1) << 0)        /* inherit every descriptor that exec keeps */
#define SS_NO_PATH (UINT64_C(1) << 1)         /* the program is a path: do not search PATH */
#define SS_NEW_SESSION (UINT64_C(1) << 2)     /* setsid(2) */
#define SS_NEW_GROUP (UINT64_C(1) << 3)       /* setpgid(2) to .group; 0: a group of its own */
#define SS_NO_NEW_PRIVS (UINT64_C(1) << 4)    /* PR_SET_NO_NEW_PRIVS */
#define SS_SET_UMASK (UINT64_C(1) << 5)       /* .umask counts */
#define SS_SET_UID (UINT64_C(1) << 6)         /* .uid counts: real, effective and saved */
#define SS_SET_GID (UINT64_C(1) << 7)         /* .gid counts: real, effective and saved */
#define SS_SET_GROUPS (UINT64_C(1) << 8)      /* .groups and .n_groups count */
#define SS_SET_NICE (UINT64_C(1) << 9)        /* .nice counts: the new value, not an increment */
#define SS_SET_OOM (UINT64_C(1) << 10)        /* .oom_score_adj counts */
#define SS_SET_TTY (UINT64_C(1) << 11)        /* .tty counts; needs SS_NEW_SESSION */
#define SS_SET_CGROUP (UINT64_C(1) << 12)     /* .cgroup counts */
#define SS_SHELL_FALLBACK (UINT64_C(1) << 13) /* run a file without #! by /bin/sh, as execvp(3) */
#define SS_NO_PIDFD (UINT64_C(1) << 14)       /* ss_child.pidfd stays -1; a spawn is 5% faster */
#define SS_FOREGROUND (UINT64_C(1) << 15)     /* its group becomes the foreground of .tty */
#define SS_DETACH (UINT64_C(1) << 16)         /* nobody waits for it, and no zombie is left */
#define SS_SET_CWD_FD (UINT64_C(1) << 17)     /* .cwd_fd counts */
#define SS_SET_EXEC_FD (UINT64_C(1) << 18)    /* .exec_fd counts */
#define SS_NEED_PIDFD (UINT64_C(1) << 19)     /* without a pidfd the spawn fails */

enum ss_stdio_kind {
	SS_STDIO_INHERIT,
	SS_STDIO_PIPE,
	SS_STDIO_NULL,
	SS_STDIO_CLOSED,
	SS_STDIO_FD,
	SS_STDIO_READ,
	SS_STDIO_WRITE,
	SS_STDIO_APPEND,
	SS_STDIO_MERGE
};

/* What becomes of one of the child's descriptors 0 to 2. Made by the macros below. */
struct ss_stdio {
	enum ss_stdio_kind kind;
	int fd;
	const char *path; /* relative to the caller's directory, not to .cwd */
};

#ifdef __cplusplus
#define SS_STDIO_LITERAL(kind, fd, path) (ss_stdio{kind, fd, path})
#else
#define SS_STDIO_LITERAL(kind, fd, path) ((struct ss_stdio){kind, fd, path})
#endif

#define SS_INHERIT SS_STDIO_LITERAL(SS_STDIO_INHERIT, 0, NULL) /* as exec leaves it */
#define SS_PIPE SS_STDIO_LITERAL(SS_STDIO_PIPE, 0, NULL)       /* our end: ss_child.in, out, err */
#define SS_NULL SS_STDIO_LITERAL(SS_STDIO_NULL, 0, NULL)       /* /dev/null */
#define SS_CLOSED SS_STDIO_LITERAL(SS_STDIO_CLOSED, 0, NULL)   /* not open at all */
#define SS_FD(n) SS_STDIO_LITERAL(SS_STDIO_FD, n, NULL)        /* the caller's descriptor n */
#define SS_READ(path) SS_STDIO_LITERAL(SS_STDIO_READ, 0, path) /* O_RDONLY */
#define SS_WRITE(path) SS_STDIO_LITERAL(SS_STDIO_WRITE, 0, path)   /* O_WRONLY|O_CREAT|O_TRUNC */
#define SS_APPEND(path) SS_STDIO_LITERAL(SS_STDIO_APPEND, 0, path) /* O_WRONLY|O_CREAT|O_APPEND */
#define SS_MERGE SS_STDIO_LITERAL(SS_STDIO_MERGE, 0, NULL)         /* err only: where out goes */

/* The caller's descriptor `from` becomes the child's `to`. */
struct ss_fd_map {
	int from;
	int to;
};

struct ss_rlimit {
	int resource; /* RLIMIT_... */
	struct rlimit limit;
};

/* The step at which a spawn failed, and its errno. */
struct ss_failure {
	enum ss_stage stage;
	int error;
};

/*
 * All zero but `size` is the default everywhere. Grows at its end only: a caller that is newer than
 * the library and uses what the library does not know gets E2BIG. Nothing here is kept after the
 * spawn.
 */
struct ss_options {
	size_t size; /* sizeof(struct ss_options) */
	uint64_t flags;
	const char *file; /* program to run when it is not argv[0] */
	char *const *env; /* NULL: environ. PATH is searched in the caller's own */
	const char *cwd;  /* working directory; a relative program is then relative to it */
	struct ss_stdio in, out, err;
	const struct ss_fd_map *fds; /* further descriptors, any permutation; `to` may be 0 to 2 */
	size_t n_fds;
	pid_t group;                /* process group to join */
	int tty;                    /* of the new session, or that SS_FOREGROUND means */
	const sigset_t *sigmask;    /* NULL: the caller's */
	const sigset_t *sigdefault; /* signals to reset to SIG_DFL that are ignored now */
	const struct ss_rlimit *rlimits;
	size_t n_rlimits;
	uid_t uid; /* root alone: needs gid, which drops root's groups, or groups */
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
	mode_t umask;
	int nice;
	int oom_score_adj;
	int pdeathsig; /* sent when the spawning thread, not only the process, ends */
	const SS_CPU_SET_T *affinity;
	size_t affinity_size;       /* bytes */
	int cgroup;                 /* descriptor of a cgroup directory */
	struct ss_failure *failure; /* out: filled in when the spawn fails */
	int start_timeout_ms;       /* most that the call may take until the exec; 0: no limit */
	int cwd_fd;                 /* the directory, where there is no path to it */
	int exec_fd;                /* the program, as execveat(2) runs it: .file must be NULL */
	int unused;                 /* 0 */
	const char *user;           /* account whose uid, gid and groups the child gets */
};

/*
 * SS_OPTIONS(.cwd = "/tmp", .out = SS_PIPE): a pointer to options that live till the block ends. In C++20
 * they live till the end of the full expression, and the members are named in the order above.
 */
#ifndef __cplusplus
#define SS_OPTIONS(...) (&(struct ss_options){.size = sizeof(struct ss_options), __VA_ARGS__})
#else
#include <safespawn/options_cxx.h>
#endif

/* ---- Spawn, wait, kill --------------------------------------------------------------------- */

/*
 * A child and what the caller owns of it: the descriptors, closed by ss_release, and the duty to
 * wait for it. A struct is used by one thread at a time.
 */
struct ss_child {
	pid_t pid; /* > 0 from spawn until it has been waited for, then 0 */
	int pidfd; /* readable when the child has ended (5.3); -1: SS_NO_PIDFD, no room, no such */
	int in, out, err; /* our ends of the pipes asked for with SS_PIPE, else -1 */
	int own_group;    /* the library's: the child leads a process group */
	uint64_t reserved[4];
};

/*
 * Runs argv[0] (or options->file) with the arguments argv. Returns 0 once the program has been
 * exec'ed, else -1 with errno, and options->failure says which step failed. EINVAL, EBADF, E2BIG:
 * bad request (stage OPTIONS), nothing was made. ETIMEDOUT: start_timeout_ms is over. Any other
 * errno is that of the step. Files named by SS_WRITE may have been created or truncated although a
 * later step failed. While it waits for the exec signals have their usual effect; a handler may
 * spawn, fork and leave. Not a cancellation point. ENOTSUP: an option that the posix_spawn engine
 * does not have.
 */
SS_API int ss_spawn(struct ss_child *child, char *const argv[], const struct ss_options *options);

/* The step's name in lower case, "exec"; "unknown" for a value that is no step. Never NULL. */
SS_API const char *ss_stage_name(enum ss_stage stage);

/*
 * Waits until the child has ended, reaps it and stores its wait status (see wait(2)); status may be
 * NULL. timeout_ms: -1 for ever, 0 just looks. ETIMEDOUT, EINTR (a signal handler ran), ECHILD (already
 * waited for; before Linux 6.15 or without a pidfd even if SIGCHLD is ignored or if another part of
 * the program has reaped it). A cancellation point.
 */
SS_API int ss_wait(struct ss_child *child, int *status, int timeout_ms);

/* ss_wait that also stores what the child has used, as wait4(2) does; usage may be NULL. */
SS_API int ss_wait_usage(struct ss_child *child, int *status, struct rusage *usage, int timeout_ms);

/* Sends a signal to the child alone, never to a stranger that got its pid. ESRCH, EPERM, EINVAL. */
SS_API int ss_kill(struct ss_child *child, int sig);

/*
 * SIGTERM (and SIGCONT), grace_ms (-1: for ever) to end, SIGKILL to what is left, reap. Means the
 * whole process group if the child was spawned with one of its own. Errors as ss_wait, except that
 * it never times out and goes on after EINTR. EPERM: the child may not be signalled and still runs,
 * the caller's as before. A cancellation point: if child->pid is 0 then, what was left of the group
 * has got its SIGKILL; else the child is still the caller's.
 */
SS_API int ss_terminate(struct ss_child *child, int *status, int grace_ms);

/* Closes pidfd and pipes. Neither kills nor waits. Always 0. Not a cancellation point. */
SS_API int ss_release(struct ss_child *child);

/* ---- Talking to a child -------------------------------------------------------------------- */

/* The caller sets `size` in both; they grow at their ends only, as struct ss_options does. */
struct ss_io {
	size_t size;       /* sizeof(struct ss_io) */
	const void *input; /* for the child's stdin; of length 0: an end of file at once */
	size_t input_len;
	size_t limit;   /* most bytes kept of each stream, the rest is read and dropped; 0: all */
	int timeout_ms; /* for all of it, counted from the call; 0 or -1: none */
	uint64_t flags; /* SS_IO_... */
	/*
	 * Gets each piece of the output instead of the result. stream: 1 stdout, 2 stderr (2 + i: that of
	 * child i of a pipeline). Anything but 0 ends the child: ECANCELED. It must return, and is called
	 * with cancellation off.
	 */
	int (*on_output)(void *context, int stream, const char *data, size_t len);
	void *context;
	int grace_ms; /* SIGTERM and so long to end before SIGKILL; -1: for ever; 0: SIGKILL at once */
};

/* struct ss_io.flags: done when the child has ended, although another process holds its output. */
#define SS_IO_UNTIL_EXIT (UINT64_C(1) << 0)

struct ss_result {
	size_t size;    /* sizeof(struct ss_result) */
	int status;     /* as wait(2) has it */
	char *out;      /* the caller's, until ss_result_free; NULL where there was no pipe */
	size_t out_len; /* a NUL follows, not counted */
	char *err;
	size_t err_len;
	unsigned timed_out : 1;
	unsigned truncated : 1; /* either stream */
	unsigned out_truncated : 1, err_truncated : 1;
	unsigned status_known : 1; /* status counts */
	struct rusage usage;       /* of the child and the children that it has waited for */
};

/*
 * Feeds input to the child's stdin and reads its stdout and stderr, all at once so that no pipe can
 * block another, until they end; then waits for the child. io may be NULL. Closes child's pipes. A
 * child that does not read its input is no error, and no SIGPIPE comes of it. EINVAL: bad size, or
 * input without a pipe; *result is untouched. After any other error it has what was read.
 * ETIMEDOUT, ECANCELED: the child, or its group if it has its own, was ended and reaped. ECHILD: it
 * has ended, but its status is not known. ENOMEM, EIO: the child still runs, and so it does with
 * EPERM: it was to be killed, but may not be. Goes on after EINTR. A cancellation point; nothing
 * but the child is left.
 */
SS_API int ss_communicate(struct ss_child *child, const struct ss_io *io, struct ss_result *result);

/*
 * Spawns, communicates, releases. stdout and stderr go into the result unless the options say where
 * else; stdin is a pipe if there is input. With a timeout or on_output the child gets a process group
 * of its own, so that all of it can be ended; not if the options say something about session or group,
 * and not in the foreground of a terminal, where keys are for both: there its descendants are ended.
 * Errors as ss_spawn, with *result untouched, and as ss_communicate; whatever happens, the child has
 * ended, unless it may not be killed: EPERM.
 */
SS_API int ss_run(char *const argv[], const struct ss_options *options, const struct ss_io *io,
	struct ss_result *result);

/* Frees the texts and forgets them. NULL is fine. */
SS_API void ss_result_free(struct ss_result *result);

/*
 * Spawns n programs, each one's stdout the next one's stdin. The options count for all, but .in for
 * the first and .out for the last only. SS_NEW_GROUP: one group for all, led by the first; where
 * children are reaped elsewhere and none is left to join, the next one leads another. Errors as
 * ss_spawn; those that had started are then killed and reaped. Not a cancellation point.
 */
SS_API int ss_pipeline(struct ss_child children[], char *const *const argvs[], size_t n,
	const struct ss_options *options);

/*
 * ss_run for a line of programs: feeds the first, reads the last one's stdout and the stderr of each,
 * and waits for all. results[n], which may be NULL, has one size in all its elements. Errors as
 * ss_pipeline and ss_run; ECHILD: the status of at least one is not known.
 */
SS_API int ss_run_pipeline(char *const *const argvs[], size_t n, const struct ss_options *options,
	const struct ss_io *io, struct ss_result results[]);

/* ---- Preflight: would fork pass? ------------------------------------------------------------- */

enum ss_fork_verdict {
	SS_FORK_OK,
	SS_FORK_ENOMEM, /* fork would fail with ENOMEM */
	SS_FORK_EAGAIN, /* it would fail with EAGAIN, and so would any other way to a task */
	SS_FORK_UNSURE  /* nearer to a limit than counters tell, or not all is readable */
};

/* The check that refuses. */
enum ss_cause {
	SS_CAUSE_NONE,              /* nothing does */
	SS_CAUSE_NPROC,             /* RLIMIT_NPROC of its user */
	SS_CAUSE_THREADS_MAX,       /* kernel.threads-max */
	SS_CAUSE_MAPPING_RAM,       /* mode 0: one mapping is larger than RAM and swap */
	SS_CAUSE_MAPPING_AVAILABLE, /* mode 0 up to Linux 5.1: larger than could be freed */
	SS_CAUSE_COMMIT_LIMIT,      /* mode 2: all charged mappings together */
	SS_CAUSE_PID_MAX,           /* kernel.pid_max */
	SS_CAUSE_PIDS_CGROUP,       /* pids.max of a cgroup it is in */
	SS_CAUSE_PID_NAMESPACE /* the first process of its children's PID namespace has ended */
};

/* struct ss_preflight.warnings: its memory cgroup is so full that fork may get it killed. */
#define SS_WARN_MEMORY_CGROUP (UINT32_C(1) << 0)

/*
 * The caller sets `size`, the library all the rest; what it does not know it sets to 0. Grows at
 * its end only. UINT64_MAX bytes: no limit. Sizes that are not `exact` are estimates.
 */
struct ss_preflight {
	size_t size; /* sizeof(struct ss_preflight) */
	pid_t pid;
	int overcommit; /* vm.overcommit_memory: 0, 1 or 2 */
	enum ss_fork_verdict verdict;
	enum ss_cause cause;
	unsigned exact : 1;         /* the charge was read from VmFlags, mapping by mapping */
	uint32_t warnings;          /* SS_WARN_... */
	uint64_t charge_bytes;      /* what fork is charged for all mappings */
	uint64_t largest_bytes;     /* the largest charged mapping; 0: not looked for */
	uint64_t headroom_bytes;    /* mode 2: for the charge; mode 0: for any one mapping */
	uint64_t uncertainty_bytes; /* of charge (mode 0: largest) against headroom */
	uint64_t committed_bytes;   /* Committed_AS */
	uint64_t limit_bytes;       /* CommitLimit */
	uint64_t resident_bytes;
	uint64_t page_table_bytes;
	uint64_t mappings; /* 0: not counted */
	uint64_t charged_mappings;
	uint64_t estimated_ns; /* how long fork takes; other threads cannot mmap meanwhile */
	uint64_t cgroup_headroom_bytes; /* left in its memory cgroups, cache dropped */
	uint64_t cgroup_need_bytes;     /* what fork may take of that */
	uint64_t tasks, tasks_limit;    /* for causes that are about tasks */
};

/*
 * Would fork() by this process (0: the calling thread) pass now? Reads /proc, allocates nothing and
 * never forks. Takes less than 0.1 ms where it clearly would; else it reads maps and, in doubt,
 * smaps. ESRCH: no such process, or it has ended. ENOTSUP: a kernel thread. EINVAL: size too small.
 * E2BIG: size above 4096. EACCES, EMFILE and others: /proc cannot be read.
 */
#ifdef __cplusplus
/* The function has the struct's name, as stat(2) does; -Wshadow of g++ minds. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif
SS_API int ss_preflight(struct ss_preflight *report, pid_t pid);
#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

/* Writes the report as a few lines of text. -1 when the stream has failed; EINVAL: no such size. */
SS_API int ss_preflight_print(const struct ss_preflight *report, FILE *to);

/* The cause in a word, "commit-limit"; "unknown" for a value that is no cause. Never NULL. */
SS_API const char *ss_cause_name(enum ss_cause cause);

/* ---- Drop-ins for system and popen --------------------------------------------------------- */

/*
 * system(3), popen(3), pclose(3). What differs on purpose from libc's is listed in ss_system(3) and
 * ss_popen(3). ss_system: wait status; -1 with errno when no child could be made or waited for. A
 * cancellation point: a cancelled call kills the shell and reaps it.
 */
SS_API int ss_system(const char *command);

/*
 * mode: "r" or "w", or "r+" for both directions on one stream (shutdown(fileno(f), SHUT_WR) ends
 * the command's input); with "e" the descriptor is close-on-exec. NULL with the errno of the step
 * that failed, EINVAL for any other mode. The stream is to be closed by ss_pclose. No cancellation
 * point.
 */
SS_API FILE *ss_popen(const char *command, const char *mode);

/*
 * Closes the stream and waits for its command. Wait status; -1 and errno when there is nothing to
 * wait for (ECHILD: SIGCHLD is ignored) or when the command succeeded but not all of the output
 * could be written. A stream that is not from ss_popen goes to libc's pclose. No cancellation point.
 */
SS_API int ss_pclose(FILE *stream);

/*
 * The same without a shell: argv[0] is searched in the caller's PATH and gets the arguments as they
 * are. ss_systemv: 127 as exit status, and errno, when the program could not be executed. EINVAL
 * when argv is NULL or empty.
 */
SS_API int ss_systemv(char *const argv[]);
SS_API FILE *ss_popenv(char *const argv[], const char *mode);

#ifdef __cplusplus
}
#endif

#endif
