/* SPDX-License-Identifier: MIT */
/*
 * What is known of each system call: whether others may notice it, and what its pointers lead to. A
 * call that is missing here makes the child ordinary, so only calls that are understood are listed.
 */

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/kernel_numbers.h"
#include "preload/leanfork/call_exec.h"
#include "preload/leanfork/call.h"
#include "preload/leanfork/call_limits.h"
#include "preload/leanfork/call_signals.h"
#include "preload/leanfork/call_timers.h"

#define FIXED(i, n)                                                                                \
	{                                                                                          \
		ARG_FIXED, i, 0, n                                                                 \
	}
#define COUNTED(i, by)                                                                             \
	{                                                                                          \
		ARG_COUNTED, i, by, 1                                                              \
	}
#define ITEMS(i, by, type)                                                                         \
	{                                                                                          \
		ARG_COUNTED, i, by, sizeof(type)                                                   \
	}
#define SIZED(i, by)                                                                               \
	{                                                                                          \
		ARG_SIZED, i, by, 0                                                                \
	}
#define STRING(i)                                                                                  \
	{                                                                                          \
		ARG_STRING, i, 0, 0                                                                \
	}
#define VECTOR(i, by)                                                                              \
	{                                                                                          \
		ARG_VECTOR, i, by, 0                                                               \
	}
#define MESSAGE(i)                                                                                 \
	{                                                                                          \
		ARG_MESSAGE, i, 0, 0                                                               \
	}

#define RULE(nr, verdict, ...) [SYS_##nr] = {verdict, NO_JUDGE, {__VA_ARGS__}}
#define JUDGED(nr, judge, ...) [SYS_##nr] = {NEEDS_FULL_CHILD, NUMBER_OF_##judge, {__VA_ARGS__}}
#define NOTHING                                                                                    \
	{                                                                                          \
		0, 0, 0, 0                                                                         \
	}

/* By number, because addresses would make the loader write into each page of the table, in every
 * process under the shim. */
/* clang-format off */
#define JUDGES \
	X(exec_call) \
	X(judge_brk) \
	X(judge_close) \
	X(judge_close_range) \
	X(judge_creat) \
	X(judge_dup) \
	X(judge_exit) \
	X(judge_fcntl) \
	X(judge_fstat) \
	X(judge_fstatat) \
	X(judge_futex) \
	X(judge_ioctl) \
	X(judge_madvise) \
	X(judge_mmap) \
	X(judge_mprotect) \
	X(judge_mremap) \
	X(judge_munmap) \
	X(judge_open) \
	X(judge_openat) \
	X(judge_pipe) \
	X(judge_prctl) \
	X(judge_priority) \
	X(judge_read) \
	X(judge_receive) \
	X(judge_robust_list) \
	X(judge_seek) \
	X(judge_self) \
	X(judge_write) \
	X(limits_get) \
	X(limits_prlimit) \
	X(limits_set) \
	X(signals_action) \
	X(signals_mask) \
	X(signals_stack) \
	X(timers_create) \
	X(timers_delete) \
	X(timers_own)
/* clang-format on */

#define X(judge) NUMBER_OF_##judge,
enum judge_number { NO_JUDGE, JUDGES };
#undef X

#define X(judge) [NUMBER_OF_##judge] = judge,
static enum verdict (*const judges[])(struct lean *, struct call *) = {JUDGES};
#undef X

/* Each group says why a child that is thrown away afterwards may make these calls, and the native
 * child may make them again. */
static const struct call_rule rules[] = {
	/* Its address space is its own. Judges look at shared memory. */
	JUDGED(brk, judge_brk, NOTHING),
	JUDGED(mmap, judge_mmap, NOTHING),
	JUDGED(munmap, judge_munmap, NOTHING),
	JUDGED(mprotect, judge_mprotect, NOTHING),
	JUDGED(madvise, judge_madvise, NOTHING),
	JUDGED(mremap, judge_mremap, NOTHING),
	RULE(membarrier, INVISIBLE, NOTHING),

	/* Its mask, actions and stack are its own. */
	JUDGED(rt_sigprocmask, signals_mask, NOTHING),
	JUDGED(rt_sigaction, signals_action, FIXED(1, 32), FIXED(2, 32)),
	JUDGED(sigaltstack, signals_stack, NOTHING),

	/* Its timers end with it, and send signals to it alone. */
	RULE(getitimer, INVISIBLE, FIXED(1, sizeof(struct itimerval))),
	RULE(setitimer, INVISIBLE, FIXED(1, sizeof(struct itimerval)),
		FIXED(2, sizeof(struct itimerval))),
	JUDGED(timer_create, timers_create, NOTHING),
	JUDGED(timer_settime, timers_own, FIXED(2, sizeof(struct itimerspec)),
		FIXED(3, sizeof(struct itimerspec))),
	JUDGED(timer_gettime, timers_own, FIXED(1, sizeof(struct itimerspec))),
	JUDGED(timer_getoverrun, timers_own, NOTHING),
	JUDGED(timer_delete, timers_delete, NOTHING),

	/* Its descriptor table is its own. Its parent has every description as well, so its close
	 * is not the last. */
	JUDGED(close, judge_close, NOTHING),
	JUDGED(close_range, judge_close_range, NOTHING),
	JUDGED(dup, judge_dup, NOTHING),
	JUDGED(dup3, judge_dup, NOTHING),

	/* Descriptions are shared, so it matters who opened one. */
	JUDGED(fcntl, judge_fcntl, NOTHING),
	JUDGED(ioctl, judge_ioctl, NOTHING),
	JUDGED(lseek, judge_seek, NOTHING),
	JUDGED(getdents64, judge_read, COUNTED(1, 2)),
	JUDGED(read, judge_read, COUNTED(1, 2)),
	JUDGED(readv, judge_read, VECTOR(1, 2)),
	JUDGED(pread64, judge_read, COUNTED(1, 2)),
	JUDGED(write, judge_write, COUNTED(1, 2)),

	/* Only the child has what it makes, and takes it along when it ends. */
	JUDGED(pipe2, judge_pipe, NOTHING),
	RULE(eventfd2, INVISIBLE, NOTHING),
	RULE(epoll_create1, INVISIBLE, NOTHING),
	RULE(memfd_create, INVISIBLE, STRING(0)),

	/* An open for reading changes nothing. One for writing is deferred. */
	JUDGED(openat, judge_openat, STRING(1)),

	/* They change nothing. */
	JUDGED(fstat, judge_fstat, FIXED(1, sizeof(struct stat))),
	JUDGED(newfstatat, judge_fstatat, STRING(1), FIXED(2, sizeof(struct stat))),
	RULE(statx, LOOKUP, STRING(1), FIXED(4, 256)),
	RULE(statfs, LOOKUP, STRING(0), FIXED(1, sizeof(struct statfs))),
	RULE(fstatfs, LOOKUP, FIXED(1, sizeof(struct statfs))),
	RULE(faccessat, LOOKUP, STRING(1)),
	[439 /* faccessat2 */] = {LOOKUP, NO_JUDGE, {STRING(1)}},
	RULE(readlinkat, LOOKUP, STRING(1), COUNTED(2, 3)),
	RULE(getcwd, INVISIBLE, COUNTED(0, 1)),
	RULE(getpid, INVISIBLE, NOTHING),
	RULE(getppid, INVISIBLE, NOTHING),
	RULE(gettid, INVISIBLE, NOTHING),
	RULE(getpgid, INVISIBLE, NOTHING),
	RULE(getsid, INVISIBLE, NOTHING),
	RULE(getuid, INVISIBLE, NOTHING),
	RULE(geteuid, INVISIBLE, NOTHING),
	RULE(getgid, INVISIBLE, NOTHING),
	RULE(getegid, INVISIBLE, NOTHING),
	RULE(getresuid, INVISIBLE, FIXED(0, 4), FIXED(1, 4), FIXED(2, 4)),
	RULE(getresgid, INVISIBLE, FIXED(0, 4), FIXED(1, 4), FIXED(2, 4)),
	RULE(getgroups, INVISIBLE, ITEMS(1, 0, gid_t)),
	RULE(capget, INVISIBLE, FIXED(0, 8), FIXED(1, 24)),
	RULE(getpriority, INVISIBLE, NOTHING),
	RULE(ioprio_get, INVISIBLE, NOTHING),
	RULE(sched_getaffinity, INVISIBLE, COUNTED(2, 1)),
	RULE(sched_getparam, INVISIBLE, FIXED(1, 4)),
	RULE(sched_getscheduler, INVISIBLE, NOTHING),
	RULE(uname, INVISIBLE, FIXED(0, sizeof(struct utsname))),
	RULE(sysinfo, INVISIBLE, FIXED(0, sizeof(struct sysinfo))),
	RULE(times, INVISIBLE, FIXED(0, sizeof(struct tms))),
	RULE(gettimeofday, INVISIBLE, FIXED(0, 16), FIXED(1, 8)),
	RULE(clock_gettime, INVISIBLE, FIXED(1, 16)),
	RULE(clock_getres, INVISIBLE, FIXED(1, 16)),
	RULE(getcpu, INVISIBLE, FIXED(0, 4), FIXED(1, 4)),
	RULE(getrusage, INVISIBLE, FIXED(1, sizeof(struct rusage))),
	RULE(getrandom, INVISIBLE, COUNTED(0, 1)),

	/* Advice, which changes no result. */
	RULE(fadvise64, LOOKUP, NOTHING),
	RULE(sched_yield, INVISIBLE, NOTHING),

	/* Directory, root and umask are copies. */
	RULE(chdir, LOOKUP, STRING(0)),
	RULE(fchdir, LOOKUP, NOTHING),
	RULE(chroot, LOOKUP, STRING(0)),
	RULE(umask, LOOKUP, NOTHING),

	/* Credentials, limits and other things of one process or thread, as long as it changes its
	 * own. Nobody knows its pid, or has joined its group or session. */
	RULE(setuid, LOOKUP, NOTHING),
	RULE(setgid, LOOKUP, NOTHING),
	RULE(setreuid, LOOKUP, NOTHING),
	RULE(setregid, LOOKUP, NOTHING),
	RULE(setresuid, LOOKUP, NOTHING),
	RULE(setresgid, LOOKUP, NOTHING),
	RULE(setfsuid, LOOKUP, NOTHING),
	RULE(setfsgid, LOOKUP, NOTHING),
	RULE(setgroups, LOOKUP, ITEMS(1, 0, gid_t)),
	RULE(capset, LOOKUP, FIXED(0, 8), FIXED(1, 24)),
	RULE(personality, INVISIBLE, NOTHING),
	JUDGED(prctl, judge_prctl, NOTHING),
	RULE(setsid, INVISIBLE, NOTHING),
	JUDGED(setpgid, judge_self, NOTHING),
	JUDGED(prlimit64, limits_prlimit, FIXED(2, 16), FIXED(3, 16)),
	JUDGED(setpriority, judge_priority, NOTHING),
	JUDGED(ioprio_set, judge_priority, NOTHING),
	JUDGED(sched_setaffinity, judge_self, COUNTED(2, 1)),
	JUDGED(sched_setparam, judge_self, FIXED(1, 4)),
	JUDGED(sched_setscheduler, judge_self, FIXED(2, 4)),
	RULE(set_tid_address, INVISIBLE, NOTHING),
	JUDGED(set_robust_list, judge_robust_list, NOTHING),
	JUDGED(futex, judge_futex, NOTHING),

	/* They end the child, or replace its program. */
	JUDGED(execve, exec_call, NOTHING),
	JUDGED(execveat, exec_call, NOTHING),
	JUDGED(exit, judge_exit, NOTHING),
	JUDGED(exit_group, judge_exit, NOTHING),

	/* Others notice these, so only a rescued child makes them. */
	RULE(writev, WRITES, VECTOR(1, 2)),
	RULE(pwrite64, WRITES, COUNTED(1, 2)),
	RULE(ftruncate, VISIBLE, NOTHING),
	RULE(unlinkat, VISIBLE, STRING(1)),
	RULE(renameat2, VISIBLE, STRING(1), STRING(3)),
	RULE(mkdirat, VISIBLE, STRING(1)),
	RULE(fchmod, VISIBLE, NOTHING),
	RULE(fchmodat, VISIBLE, STRING(1)),
	RULE(fchown, VISIBLE, NOTHING),
	RULE(fchownat, VISIBLE, STRING(1)),
	RULE(socket, VISIBLE, NOTHING),
	RULE(socketpair, VISIBLE, FIXED(3, 8)),
	RULE(bind, VISIBLE, COUNTED(1, 2)),
	RULE(listen, VISIBLE, NOTHING),
	RULE(shutdown, VISIBLE, NOTHING),
	RULE(getsockname, VISIBLE, SIZED(1, 2), FIXED(2, 4)),
	RULE(getpeername, VISIBLE, SIZED(1, 2), FIXED(2, 4)),
	RULE(setsockopt, VISIBLE, COUNTED(3, 4)),
	RULE(getsockopt, VISIBLE, SIZED(3, 4), FIXED(4, 4)),
	RULE(sendto, WRITES, COUNTED(1, 2), COUNTED(4, 5)),
	RULE(sendmsg, WRITES, MESSAGE(1)),
	JUDGED(recvfrom, judge_receive, COUNTED(1, 2), SIZED(4, 5), FIXED(5, 4)),
	JUDGED(recvmsg, judge_receive, MESSAGE(1)),
	RULE(wait4, VISIBLE, FIXED(1, 4), FIXED(3, sizeof(struct rusage))),
	RULE(waitid, VISIBLE, FIXED(2, sizeof(siginfo_t)), FIXED(4, sizeof(struct rusage))),

/* Calls that newer architectures lack; the same reasons hold. */
#ifdef SYS_open
	JUDGED(open, judge_open, STRING(0)),
	JUDGED(creat, judge_creat, STRING(0)),
	RULE(stat, LOOKUP, STRING(0), FIXED(1, sizeof(struct stat))),
	RULE(lstat, LOOKUP, STRING(0), FIXED(1, sizeof(struct stat))),
	RULE(access, LOOKUP, STRING(0)),
	RULE(readlink, LOOKUP, STRING(0), COUNTED(1, 2)),
	JUDGED(pipe, judge_pipe, NOTHING),
	JUDGED(dup2, judge_dup, NOTHING),
	RULE(alarm, INVISIBLE, NOTHING),
	RULE(getpgrp, INVISIBLE, NOTHING),
	RULE(time, INVISIBLE, FIXED(0, 8)),
	RULE(unlink, VISIBLE, STRING(0)),
	RULE(rename, VISIBLE, STRING(0), STRING(1)),
	RULE(link, VISIBLE, STRING(0), STRING(1)),
	RULE(symlink, VISIBLE, STRING(0), STRING(1)),
	RULE(mkdir, VISIBLE, STRING(0)),
	RULE(rmdir, VISIBLE, STRING(0)),
	RULE(chmod, VISIBLE, STRING(0)),
	RULE(chown, VISIBLE, STRING(0)),
	RULE(lchown, VISIBLE, STRING(0)),
#endif
#ifdef SYS_getrlimit
	JUDGED(getrlimit, limits_get, FIXED(1, 16)),
	JUDGED(setrlimit, limits_set, FIXED(1, 16)),
#endif
#ifdef SYS_renameat
	RULE(renameat, VISIBLE, STRING(1), STRING(3)),
#endif
};

const struct call_rule *call_rule(long nr)
{
	if (nr < 0 || nr >= (long)(sizeof rules / sizeof rules[0]))
		return NULL;
	return &rules[nr];
}

enum verdict call_verdict(const struct call_rule *rule, struct lean *l, struct call *call)
{
	if (rule->judge == NO_JUDGE)
		return rule->verdict;
	return judges[rule->judge](l, call);
}

long call_do(const struct call *call)
{
	return gate_call(call->nr, call->args[0], call->args[1], call->args[2], call->args[3],
		call->args[4], call->args[5]);
}
