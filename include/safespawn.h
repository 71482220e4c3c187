/* SPDX-License-Identifier: MIT */
/*
 * libsafespawn starts programs without fork. Neither the caller's size nor the kernel's overcommit
 * policy matters.
 *
 * A function that fails returns -1 (or NULL) and sets errno. Then nothing else has changed, and the
 * caller's data are untouched. On success errno is untouched. Any thread may call any function,
 * unless its comment says otherwise. No pthread_atfork handlers run.
 */
#ifndef SAFESPAWN_H
#define SAFESPAWN_H

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/select.h> /* sigset_t, even where <signal.h> hides it */
#include <sys/types.h>

#include <safespawn/stage.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SS_API __attribute__((visibility("default")))

/* cpu_set_t needs _GNU_SOURCE. */
#ifdef CPU_SETSIZE
#define SS_CPU_SET_T cpu_set_t
#else
#define SS_CPU_SET_T void
#endif

/* ---- What to spawn ------------------------------------------------------------------------ */

/* struct ss_options.flags */
#define SS_KEEP_FDS (UINT64_C(1) << 0)        /* inherit all descriptors that exec keeps */
#define SS_NO_PATH (UINT64_C(1) << 1)         /* do not search PATH */
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
#define SS_SHELL_FALLBACK (UINT64_C(1) << 13) /* /bin/sh runs a file without #!, as in execvp(3) */
#define SS_NO_PIDFD (UINT64_C(1) << 14)       /* ss_child.pidfd stays -1; 5% faster */
#define SS_FOREGROUND (UINT64_C(1) << 15)     /* its group becomes the foreground group of .tty */
#define SS_DETACH (UINT64_C(1) << 16)         /* nobody waits for the child; no zombie stays */
#define SS_SET_CWD_FD (UINT64_C(1) << 17)     /* .cwd_fd counts */
#define SS_SET_EXEC_FD (UINT64_C(1) << 18)    /* .exec_fd counts */
#define SS_NEED_PIDFD (UINT64_C(1) << 19)     /* fail if there can be no pidfd */

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

/* One of the child's descriptors 0 to 2. Made by the macros below. */
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
#define SS_PIPE SS_STDIO_LITERAL(SS_STDIO_PIPE, 0, NULL) /* our end is ss_child.in, out or err */
#define SS_NULL SS_STDIO_LITERAL(SS_STDIO_NULL, 0, NULL) /* /dev/null */
#define SS_CLOSED SS_STDIO_LITERAL(SS_STDIO_CLOSED, 0, NULL)       /* not open at all */
#define SS_FD(n) SS_STDIO_LITERAL(SS_STDIO_FD, n, NULL)            /* the caller's descriptor n */
#define SS_READ(path) SS_STDIO_LITERAL(SS_STDIO_READ, 0, path)     /* O_RDONLY */
#define SS_WRITE(path) SS_STDIO_LITERAL(SS_STDIO_WRITE, 0, path)   /* O_WRONLY|O_CREAT|O_TRUNC */
#define SS_APPEND(path) SS_STDIO_LITERAL(SS_STDIO_APPEND, 0, path) /* O_WRONLY|O_CREAT|O_APPEND */
#define SS_MERGE SS_STDIO_LITERAL(SS_STDIO_MERGE, 0, NULL) /* for err only: where out goes */

/* The caller's descriptor `from` becomes the child's `to`. */
struct ss_fd_map {
	int from;
	int to;
};

struct ss_rlimit {
	int resource; /* RLIMIT_... */
	struct rlimit limit;
};

/* The step at which a spawn failed, and the errno. */
struct ss_failure {
	enum ss_stage stage;
	int error;
};

/*
 * Zero is the default of every member but `size`. The struct grows at its end only. A caller that
 * is newer than the library, and sets a member that the library does not know, gets E2BIG. The
 * library keeps no pointer after the spawn.
 */
struct ss_options {
	size_t size; /* sizeof(struct ss_options) */
	uint64_t flags;
	const char *file; /* program to run, if not argv[0] */
	char *const *env; /* NULL: environ. PATH is always the caller's */
	const char *cwd;  /* working directory; a relative program path starts there */
	struct ss_stdio in, out, err;
	const struct ss_fd_map *fds; /* further descriptors; may permute; `to` may be 0 to 2 */
	size_t n_fds;
	pid_t group;                /* process group to join */
	int tty;                    /* for SS_SET_TTY and SS_FOREGROUND */
	const sigset_t *sigmask;    /* NULL: the caller's */
	const sigset_t *sigdefault; /* ignored signals to reset to SIG_DFL */
	const struct ss_rlimit *rlimits;
	size_t n_rlimits;
	uid_t uid; /* root alone: needs gid, which drops root's groups, or groups */
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
	mode_t umask;
	int nice;
	int oom_score_adj;
	int pdeathsig; /* sent when the spawning thread ends, not only the process */
	const SS_CPU_SET_T *affinity;
	size_t affinity_size;       /* bytes */
	int cgroup;                 /* descriptor of a cgroup directory */
	struct ss_failure *failure; /* out: filled in when the spawn fails */
	int start_timeout_ms;       /* limit on the time until the exec; 0: none */
	int cwd_fd;                 /* working directory, by descriptor */
	int exec_fd;      /* the program, by descriptor, as in execveat(2); .file must be NULL */
	int unused;       /* 0 */
	const char *user; /* account that gives uid, gid and groups */
};

/* SS_OPTIONS(.cwd = "/tmp", .out = SS_PIPE) is a pointer to options that live until the block ends.
 * In C++20 they live until the full expression ends, and the members must be in the order above. */
#ifndef __cplusplus
#define SS_OPTIONS(...) (&(struct ss_options){.size = sizeof(struct ss_options), __VA_ARGS__})
#else
#include <safespawn/options_cxx.h>
#endif

/* ---- Spawn, wait, kill --------------------------------------------------------------------- */

/* A child and what the caller owns of it: descriptors, which ss_release closes, and the duty to
 * wait. One thread at a time may use a struct. */
struct ss_child {
	pid_t pid;        /* > 0 from the spawn until the child has been waited for, then 0 */
	int pidfd;        /* readable when the child has ended (Linux 5.3); -1: none */
	int in, out, err; /* our ends of SS_PIPE pipes, else -1 */
	int own_group;    /* the library's own */
	uint64_t reserved[4];
};

/*
 * Runs argv[0] (or options->file) with the arguments argv. Returns 0 once the program has been
 * exec'ed, else -1 with errno and options->failure, which has the failing step. The child has ended
 * then; but files named by SS_WRITE may have been created or truncated. EINVAL, EBADF, E2BIG: bad
 * options (stage OPTIONS); no process was made. ETIMEDOUT: start_timeout_ms has passed. ENOTSUP:
 * the posix_spawn engine lacks the option. Any other errno is that of the step. Signals have their
 * usual effect during the wait for the exec. A handler may spawn, fork, or leave by siglongjmp. Not
 * a cancellation point.
 */
SS_API int ss_spawn(struct ss_child *child, char *const argv[], const struct ss_options *options);

/* The name of the step in lower case, such as "exec"; "unknown" for a value that is none. Never
 * NULL. */
SS_API const char *ss_stage_name(enum ss_stage stage);

/*
 * Waits for the end of the child, reaps it, and stores its wait status (see wait(2)) in *status,
 * which may be NULL. timeout_ms: -1 for ever, 0 only looks. ETIMEDOUT. EINTR: a signal handler ran.
 * ECHILD: the child has been waited for; before Linux 6.15 or without a pidfd, even by another part
 * of the program, or by the kernel because SIGCHLD is ignored. A cancellation point.
 */
SS_API int ss_wait(struct ss_child *child, int *status, int timeout_ms);

/* ss_wait that also stores the resource usage, as wait4(2) does; usage may be NULL. */
SS_API int ss_wait_usage(struct ss_child *child, int *status, struct rusage *usage, int timeout_ms);

/* Sends a signal to the child, never to a stranger that got its pid. ESRCH, EPERM, EINVAL. */
SS_API int ss_kill(struct ss_child *child, int sig);

/*
 * Sends SIGTERM and SIGCONT, waits grace_ms (-1: for ever), sends SIGKILL to what is left, reaps
 * the child. All this for its whole process group, if the child was spawned with one of its own.
 * Goes on after EINTR, and does not time out. Errors as ss_wait. EPERM: the child may not be
 * signalled; it still runs and is still the caller's. A cancellation point. Cancelled with
 * child->pid 0: the rest of the group has got SIGKILL. Otherwise the child is still the caller's.
 */
SS_API int ss_terminate(struct ss_child *child, int *status, int grace_ms);

/* Closes pidfd and pipes. Does not kill or wait. Always 0. Not a cancellation point. */
SS_API int ss_release(struct ss_child *child);

/* ---- Talking to a child -------------------------------------------------------------------- */

/* The caller sets `size` in both. They grow at their ends only, as struct ss_options does. */
struct ss_io {
	size_t size;       /* sizeof(struct ss_io) */
	const void *input; /* the child's stdin; if empty, an immediate end of file */
	size_t input_len;
	size_t limit;   /* bytes kept of each stream, the rest is read and dropped; 0: all */
	int timeout_ms; /* for the whole call; 0 or -1: no limit */
	uint64_t flags; /* SS_IO_... */
	/*
	 * Gets each piece of output instead of the result. stream: 1 stdout, 2 stderr; 2 + i:
	 * stderr of child i of a pipeline. Must return; other than 0 ends the child: ECANCELED.
	 * Called with cancellation off.
	 */
	int (*on_output)(void *context, int stream, const char *data, size_t len);
	void *context;
	int grace_ms; /* time between SIGTERM and SIGKILL; -1: for ever; 0: SIGKILL at once */
};

/*
 * struct ss_io.flags: done when the child has ended, even if another process holds its output open.
 */
#define SS_IO_UNTIL_EXIT (UINT64_C(1) << 0)

struct ss_result {
	size_t size;    /* sizeof(struct ss_result) */
	int status;     /* as in wait(2) */
	char *out;      /* malloc'ed; freed by ss_result_free; NULL: there was no pipe */
	size_t out_len; /* without the final NUL */
	char *err;
	size_t err_len;
	unsigned timed_out : 1;
	unsigned truncated : 1; /* of either stream */
	unsigned out_truncated : 1, err_truncated : 1;
	unsigned status_known : 1; /* status is valid */
	struct rusage usage;       /* of the child and of children that it has waited for */
};

/*
 * Feeds the child's stdin and reads its stdout and stderr, all at once, so that no pipe blocks
 * another. When all have ended, closes the pipes and waits for the child. io may be NULL. A child
 * that does not read its input is no error and raises no SIGPIPE. Goes on after EINTR. EINVAL: bad
 * size, or input without a pipe; *result is untouched. After any other error *result has what was
 * read. ETIMEDOUT, ECANCELED: the child, and its own group if any, was ended and reaped; or, with
 * child->pid > 0, SIGKILL has not ended it in two seconds. ECHILD: it has ended, its status is
 * unknown. ENOMEM, EIO: it still runs. EPERM: it was to be killed but may not be; it still runs. A
 * cancellation point; only the child is left then.
 */
SS_API int ss_communicate(struct ss_child *child, const struct ss_io *io, struct ss_result *result);

/*
 * ss_spawn, ss_communicate, ss_release. stdout and stderr go into the result unless the options
 * send them elsewhere. stdin is a pipe if there is input. With a timeout or on_output the child
 * gets a process group of its own, so that all of it can be ended. Exceptions: the options choose
 * session or group; or the caller is in the foreground of a terminal, whose keys are for both: then
 * the child's descendants are ended. Errors as ss_spawn, with *result untouched, and as
 * ss_communicate. In any case the child has ended, with two exceptions. EPERM: it may not be
 * killed. Or SIGKILL has not ended it in two seconds; a later spawn reaps it.
 */
SS_API int ss_run(char *const argv[], const struct ss_options *options, const struct ss_io *io,
	struct ss_result *result);

/* Frees the texts and sets them to NULL. NULL is allowed. */
SS_API void ss_result_free(struct ss_result *result);

/*
 * Spawns n programs, each one's stdout the next one's stdin. The options are for all, except .in
 * for the first and .out for the last. SS_NEW_GROUP: one group, led by the first; if children are
 * reaped elsewhere and none is left to join, the next one leads another. Errors as ss_spawn;
 * programs that had started are then killed and reaped. Not a cancellation point.
 */
SS_API int ss_pipeline(struct ss_child children[], char *const *const argvs[], size_t n,
	const struct ss_options *options);

/*
 * ss_run for a pipeline: feeds the first, reads stdout of the last and stderr of each, waits for
 * all. results[n] may be NULL; all its elements have one size. Errors as ss_pipeline and ss_run.
 * ECHILD: at least one status is unknown.
 */
SS_API int ss_run_pipeline(char *const *const argvs[], size_t n, const struct ss_options *options,
	const struct ss_io *io, struct ss_result results[]);

/* ---- Preflight: would fork pass? ------------------------------------------------------------- */

enum ss_fork_verdict {
	SS_FORK_OK,
	SS_FORK_ENOMEM, /* fork would fail with ENOMEM */
	SS_FORK_EAGAIN, /* fork would fail with EAGAIN, and so would any way to make a task */
	SS_FORK_UNSURE  /* too near to a limit to tell, or not all could be read */
};

/* The check that refuses fork. */
enum ss_cause {
	SS_CAUSE_NONE,              /* none does */
	SS_CAUSE_NPROC,             /* RLIMIT_NPROC of its user */
	SS_CAUSE_THREADS_MAX,       /* kernel.threads-max */
	SS_CAUSE_MAPPING_RAM,       /* mode 0: one mapping is larger than RAM and swap */
	SS_CAUSE_MAPPING_AVAILABLE, /* mode 0 up to Linux 5.1: larger than could be freed */
	SS_CAUSE_COMMIT_LIMIT,      /* mode 2: all charged mappings together */
	SS_CAUSE_PID_MAX,           /* kernel.pid_max */
	SS_CAUSE_PIDS_CGROUP,       /* pids.max of a cgroup it is in */
	SS_CAUSE_PID_NAMESPACE /* the first process of its children's PID namespace has ended */
};

/*
 * struct ss_preflight.warnings: the memory cgroup is so full that fork may get the process killed.
 */
#define SS_WARN_MEMORY_CGROUP (UINT32_C(1) << 0)

/* The caller sets `size`, the library sets the rest, unknown values to 0. Grows at its end only.
 * UINT64_MAX bytes: no limit. Sizes are estimates unless `exact`. */
struct ss_preflight {
	size_t size; /* sizeof(struct ss_preflight) */
	pid_t pid;
	int overcommit; /* vm.overcommit_memory: 0, 1 or 2 */
	enum ss_fork_verdict verdict;
	enum ss_cause cause;
	unsigned exact : 1;      /* the charge was read from VmFlags of each mapping */
	uint32_t warnings;       /* SS_WARN_... */
	uint64_t charge_bytes;   /* charged by fork for all mappings */
	uint64_t largest_bytes;  /* the largest charged mapping; 0: not looked for */
	uint64_t headroom_bytes; /* left: for the charge (mode 2), for any one mapping (mode 0) */
	uint64_t uncertainty_bytes; /* of the comparison with headroom */
	uint64_t committed_bytes;   /* Committed_AS */
	uint64_t limit_bytes;       /* CommitLimit */
	uint64_t resident_bytes;
	uint64_t page_table_bytes;
	uint64_t mappings; /* 0: not counted */
	uint64_t charged_mappings;
	uint64_t estimated_ns; /* time that fork takes; other threads cannot mmap meanwhile */
	uint64_t cgroup_headroom_bytes; /* left in its memory cgroups if cache is dropped */
	uint64_t cgroup_need_bytes;     /* fork may take so much of it */
	uint64_t tasks, tasks_limit;    /* for causes that are about tasks */
};

/*
 * Whether fork() by this process (0: the calling thread) would pass now. Reads /proc, allocates
 * nothing, never forks. Takes less than 0.1 ms where fork clearly would pass. Otherwise reads maps
 * and, in doubt, smaps. ESRCH: there is no such process, or it has ended. ENOTSUP: a kernel thread.
 * EINVAL: size too small. E2BIG: size above 4096. EACCES, EMFILE and others: /proc cannot be read.
 */
#ifdef __cplusplus
/* The function has the name of the struct, as in stat(2). -Wshadow of g++ warns of this. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif
SS_API int ss_preflight(struct ss_preflight *report, pid_t pid);
#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

/* Writes the report as a few lines of text. -1 if the stream has failed; EINVAL: no such size. */
SS_API int ss_preflight_print(const struct ss_preflight *report, FILE *to);

/* The cause in a word, such as "commit-limit"; "unknown" for a value that is none. Never NULL. */
SS_API const char *ss_cause_name(enum ss_cause cause);

/* ---- Drop-ins for system and popen --------------------------------------------------------- */

/*
 * system(3), popen(3), pclose(3). ss_system(3) and ss_popen(3) list all intended differences from
 * libc. ss_system returns the wait status, or -1 with errno: no child could be made or waited for.
 * A cancellation point: a cancelled call kills the shell and reaps it.
 */
SS_API int ss_system(const char *command);

/*
 * mode: "r", "w", or "r+": both directions on one stream (shutdown(fileno(f), SHUT_WR) ends the
 * command's input); with "e" the descriptor is close-on-exec. NULL with the errno of the failing
 * step; EINVAL for any other mode. Close the stream by ss_pclose. Not a cancellation point.
 */
SS_API FILE *ss_popen(const char *command, const char *mode);

/*
 * Closes the stream and waits for its command. Returns the wait status. -1 with errno: there is
 * nothing to wait for (ECHILD: SIGCHLD is ignored), or the command succeeded but not all output
 * could be written. Passes a stream that is not from ss_popen to libc's pclose. Not a cancellation
 * point.
 */
SS_API int ss_pclose(FILE *stream);

/*
 * The same without a shell: argv[0] is searched in the caller's PATH and gets the arguments as they
 * are. ss_systemv: exit status 127 with errno if the program could not be executed. EINVAL: argv is
 * NULL or empty.
 */
SS_API int ss_systemv(char *const argv[]);
SS_API FILE *ss_popenv(char *const argv[], const char *mode);

#ifdef __cplusplus
}
#endif

#endif
