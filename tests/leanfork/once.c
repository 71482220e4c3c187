/* SPDX-License-Identifier: MIT */
/*
 * Each system call that is known, made by a child that is then thrown away, leaves the world as it
 * was: whether it is done or the child is thrown away because of it. The native child does nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/kernel_numbers.h"
#include "forking.h"
#include "preload/leanfork/call.h"
#include "world.h"

/* In an argument: what is only known later. */
#define FILE_FD 0x7a000001
#define PIPE_OUT 0x7a000002
#define PIPE_IN 0x7a000003
#define TERMINAL 0x7a000004
#define SOCKET 0x7a000005
#define OTHER 0x7a000006
#define SHARED 0x7a000007

#define P(x) ((long)(x))

static char buffer[8192], text[] = "text";
static int on = 1, numbers[4], size_of_name = 16;
static struct iovec vector[] = {{buffer, 1}, {buffer + 1, 1}};
static struct msghdr message = {.msg_iov = vector, .msg_iovlen = 2};
static struct rlimit low = {20, 20};
static struct winsize window = {.ws_row = 77, .ws_col = 99};
static struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
static struct itimerval soon = {{0, 0}, {1000, 0}};
static struct itimerspec later;
static struct sched_param param;
static cpu_set_t cpus = {{1}};
static struct timespec moment;
static const struct timespec at_once;
static uint64_t mask;
static char *arguments[] = {text, NULL};
static char command[] = "/nonexistent/program";

static const struct attempt {
	long nr, args[6];
} attempts[] = {
	/* files that are there, and are not */
	{SYS_openat, {AT_FDCWD, P(world_file), O_RDONLY}},
	{SYS_openat, {AT_FDCWD, P(world_file), O_WRONLY | O_TRUNC}},
	{SYS_openat, {AT_FDCWD, P(world_file), O_WRONLY | O_APPEND}},
	{SYS_openat, {AT_FDCWD, P(world_empty), O_WRONLY | O_TRUNC}},
	{SYS_openat, {AT_FDCWD, P(world_new), O_WRONLY | O_CREAT | O_EXCL, 0600}},
	{SYS_openat, {AT_FDCWD, P(world_file), O_RDWR | O_TRUNC}},
	{SYS_openat, {AT_FDCWD, P(world_new), O_RDWR | O_CREAT, 0600}},
	{SYS_ftruncate, {FILE_FD, 1}},
	{SYS_unlinkat, {AT_FDCWD, P(world_file)}},
	{SYS_renameat, {AT_FDCWD, P(world_file), AT_FDCWD, P(world_new)}},
	{SYS_renameat2, {AT_FDCWD, P(world_file), AT_FDCWD, P(world_new)}},
	{SYS_mkdirat, {AT_FDCWD, P(world_new), 0700}},
	{SYS_fchmod, {FILE_FD, 0600}},
	{SYS_fchmodat, {AT_FDCWD, P(world_file), 0600}},
	{SYS_fchown, {FILE_FD, 1, 1}},
	{SYS_fchownat, {AT_FDCWD, P(world_file), 1, 1}},
	{SYS_fstat, {FILE_FD, P(buffer)}},
	{SYS_newfstatat, {AT_FDCWD, P(world_file), P(buffer)}},
	{SYS_statx, {AT_FDCWD, P(world_file), 0, 0x7ff, P(buffer)}},
	{SYS_statfs, {P(world_file), P(buffer)}},
	{SYS_fstatfs, {FILE_FD, P(buffer)}},
	{SYS_faccessat, {AT_FDCWD, P(world_file), R_OK}},
	{439 /* faccessat2 */, {AT_FDCWD, P(world_file), R_OK}},
	{SYS_readlinkat, {AT_FDCWD, P("/proc/self/exe"), P(buffer), sizeof buffer}},
	{SYS_fadvise64, {FILE_FD, 0, 0, POSIX_FADV_RANDOM}},

	/* descriptions that others have as well */
	{SYS_read, {FILE_FD, P(buffer), 1}},
	{SYS_read, {PIPE_OUT, P(buffer), 1}},
	{SYS_readv, {FILE_FD, P(vector), 2}},
	{SYS_pread64, {FILE_FD, P(buffer), 1, 0}},
	{SYS_getdents64, {FILE_FD, P(buffer), sizeof buffer}},
	{SYS_write, {FILE_FD, P(text), 4}},
	{SYS_write, {PIPE_IN, P(text), 4}},
	{SYS_write, {TERMINAL, P(text), 4}},
	{SYS_writev, {FILE_FD, P(vector), 2}},
	{SYS_pwrite64, {FILE_FD, P(text), 4, 0}},
	{SYS_lseek, {FILE_FD, 1, SEEK_CUR}},
	{SYS_lseek, {FILE_FD, 5, SEEK_SET}},
	{SYS_fcntl, {FILE_FD, F_SETFL, O_APPEND}},
	{SYS_fcntl, {PIPE_OUT, F_SETFL, O_NONBLOCK}},
	{SYS_fcntl, {PIPE_OUT, F_SETFL, O_RDONLY}},
	{SYS_fcntl, {PIPE_OUT, F_SETPIPE_SZ, 65536 * 2}},
	{SYS_fcntl, {SOCKET, F_SETOWN, OTHER}},
	{SYS_fcntl, {SOCKET, F_SETSIG, SIGUSR1}},
	{SYS_fcntl, {FILE_FD, F_SETLK, P(&lock)}},
	{SYS_fcntl, {FILE_FD, F_SETLEASE, F_RDLCK}},
	{SYS_fcntl, {FILE_FD, F_NOTIFY, 0}},
	{SYS_fcntl, {FILE_FD, F_SETFD, FD_CLOEXEC}},
	{SYS_fcntl, {FILE_FD, F_DUPFD, 100}},
	{SYS_ioctl, {PIPE_OUT, FIONBIO, P(&on)}},
	{SYS_ioctl, {SOCKET, FIOASYNC, P(&on)}},
	{SYS_ioctl, {PIPE_OUT, FIOCLEX}},
	{SYS_ioctl, {TERMINAL, TIOCSWINSZ, P(&window)}},
	{SYS_ioctl, {TERMINAL, TCSETS, P(buffer)}},
	{SYS_ioctl, {TERMINAL, TIOCSPGRP, P(numbers)}},
	{SYS_ioctl, {TERMINAL, TIOCNOTTY}},
	{SYS_ioctl, {TERMINAL, TIOCSCTTY}},
	{SYS_ioctl, {TERMINAL, TCGETS, P(buffer)}},
	{SYS_ioctl, {TERMINAL, KERNEL_TCGETS2, P(buffer)}},
	{SYS_ioctl, {TERMINAL, KERNEL_TCSETS2, P(buffer)}},
	{SYS_shutdown, {SOCKET, SHUT_RDWR}},
	{SYS_setsockopt, {SOCKET, SOL_SOCKET, SO_PASSCRED, P(&on), sizeof on}},
	{SYS_getsockopt, {SOCKET, SOL_SOCKET, SO_PASSCRED, P(numbers), P(&size_of_name)}},
	{SYS_getsockname, {SOCKET, P(buffer), P(&size_of_name)}},
	{SYS_getpeername, {SOCKET, P(buffer), P(&size_of_name)}},
	{SYS_sendto, {SOCKET, P(text), 4, MSG_DONTWAIT}},
	{SYS_sendmsg, {SOCKET, P(&message), MSG_DONTWAIT}},
	{SYS_recvfrom, {SOCKET, P(buffer), 1, MSG_DONTWAIT}},
	{SYS_recvmsg, {SOCKET, P(&message), MSG_DONTWAIT}},
	{SYS_bind, {SOCKET, P(buffer), 16}},
	{SYS_listen, {SOCKET, 1}},
	{SYS_close, {FILE_FD}},
	{SYS_close, {TERMINAL}},
	{SYS_close_range, {3, 4000, 0}},
	{SYS_close_range, {3, 4000, 1 << 2 /* CLOSE_RANGE_CLOEXEC */}},
	{SYS_dup, {FILE_FD}},
	{SYS_dup3, {PIPE_OUT, 2, O_CLOEXEC}},

	/* what it makes itself */
	{SYS_pipe2, {P(numbers), O_CLOEXEC}},
	{SYS_eventfd2, {0, 0}},
	{SYS_epoll_create1, {0}},
	{SYS_memfd_create, {P(text), 0}},
	{SYS_socket, {AF_UNIX, SOCK_STREAM}},
	{SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, P(numbers)}},

	/* memory */
	{SYS_brk, {0}},
	{SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, FILE_FD, 0}},
	{SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE, FILE_FD, 0}},
	{SYS_munmap, {SHARED, 4096}},
	{SYS_mprotect, {SHARED, 4096, PROT_NONE}},
	{SYS_mprotect, {SHARED, 4096, PROT_READ | PROT_WRITE}},
	{SYS_madvise, {SHARED, 4096, MADV_REMOVE}},
	{SYS_madvise, {SHARED, 4096, MADV_DONTNEED}},
	{SYS_madvise, {SHARED, 4096, 23 /* MADV_POPULATE_WRITE */}},
	{SYS_mremap, {SHARED, 4096, 8192, MREMAP_MAYMOVE}},
	{SYS_membarrier, {0, 0}},
	{SYS_read, {FILE_FD, SHARED, 8}},
	{SYS_getrandom, {SHARED, 8, 0}},
	{SYS_getcwd, {SHARED, 4096}},
	{SYS_uname, {SHARED}},

	/* signals and timers */
	{SYS_rt_sigprocmask, {SIG_BLOCK, P(&mask), P(&mask), 8}},
	{SYS_rt_sigprocmask, {SIG_BLOCK, 0, SHARED, 8}},
	{SYS_rt_sigaction, {SIGUSR1, 0, P(buffer), 8}},
	{SYS_sigaltstack, {0, P(buffer)}},
	{SYS_getitimer, {ITIMER_REAL, P(buffer)}},
	{SYS_setitimer, {ITIMER_REAL, P(&soon), 0}},
	{SYS_timer_create, {CLOCK_MONOTONIC, 0, P(numbers)}},
	{SYS_timer_settime, {0, 0, P(&later), 0}},
	{SYS_timer_gettime, {0, P(buffer)}},
	{SYS_timer_getoverrun, {0}},
	{SYS_timer_delete, {0}},

	/* who it is, and what others are */
	{SYS_chdir, {P("/")}},
	{SYS_fchdir, {FILE_FD}},
	{SYS_chroot, {P(world_dir)}},
	{SYS_umask, {0}},
	{SYS_setsid, {0}},
	{SYS_setpgid, {0, 0}},
	{SYS_setpgid, {OTHER, 0}},
	{SYS_getpgid, {OTHER}},
	{SYS_getsid, {OTHER}},
	{SYS_setuid, {1}},
	{SYS_setgid, {1}},
	{SYS_setreuid, {1, 1}},
	{SYS_setregid, {1, 1}},
	{SYS_setresuid, {1, 1, 1}},
	{SYS_setresgid, {1, 1, 1}},
	{SYS_setfsuid, {1}},
	{SYS_setfsgid, {1}},
	{SYS_setgroups, {0, 0}},
	{SYS_getgroups, {0, 0}},
	{SYS_getresuid, {P(numbers), P(numbers), P(numbers)}},
	{SYS_getresgid, {P(numbers), P(numbers), P(numbers)}},
	{SYS_capget, {P(buffer), P(buffer + 8)}},
	{SYS_capset, {P(buffer), P(buffer + 8)}},
	{SYS_personality, {0}},
	{SYS_prctl, {PR_SET_NAME, P("other")}},
	{SYS_prctl, {PR_SET_DUMPABLE, 0}},
	{SYS_prctl, {PR_SET_TIMERSLACK, 1}},
	{SYS_prctl, {PR_SET_CHILD_SUBREAPER, 1}},
	{SYS_prctl, {PR_SET_PDEATHSIG, SIGKILL}},
	{SYS_prlimit64, {0, RLIMIT_NOFILE, P(&low), 0}},
	{SYS_prlimit64, {OTHER, RLIMIT_NOFILE, P(&low), 0}},
	{SYS_setrlimit, {RLIMIT_NOFILE, P(&low)}},
	{SYS_getrlimit, {RLIMIT_NOFILE, P(buffer)}},
	{SYS_getpriority, {PRIO_PROCESS, OTHER}},
	{SYS_setpriority, {PRIO_PROCESS, 0, 9}},
	{SYS_setpriority, {PRIO_PROCESS, OTHER, 9}},
	{SYS_setpriority, {PRIO_PGRP, 0, 9}},
	{SYS_ioprio_get, {1, OTHER}},
	{SYS_ioprio_set, {1, 0, 2 << 13 | 7}},
	{SYS_ioprio_set, {1, OTHER, 2 << 13 | 7}},
	{SYS_ioprio_set, {2, 0, 2 << 13 | 7}},
	{SYS_sched_getaffinity, {OTHER, sizeof cpus, P(buffer)}},
	{SYS_sched_setaffinity, {0, sizeof cpus, P(&cpus)}},
	{SYS_sched_setaffinity, {OTHER, sizeof cpus, P(&cpus)}},
	{SYS_sched_getparam, {OTHER, P(buffer)}},
	{SYS_sched_setparam, {OTHER, P(&param)}},
	{SYS_sched_getscheduler, {OTHER}},
	{SYS_sched_setscheduler, {OTHER, SCHED_BATCH, P(&param)}},
	{SYS_sched_setscheduler, {0, SCHED_BATCH, P(&param)}},
	{SYS_sched_yield, {0}},
	{SYS_set_tid_address, {P(numbers)}},
	{SYS_set_robust_list, {0, 24}},
	{SYS_futex, {P(numbers), FUTEX_WAKE_PRIVATE, 1}},
	{SYS_futex, {SHARED, FUTEX_WAKE_OP, 1, 1, SHARED, FUTEX_OP(FUTEX_OP_ADD, 1, 0, 0)}},

	/* what there is to know */
	{SYS_getpid, {0}},
	{SYS_getppid, {0}},
	{SYS_gettid, {0}},
	{SYS_getuid, {0}},
	{SYS_geteuid, {0}},
	{SYS_getgid, {0}},
	{SYS_getegid, {0}},
	{SYS_sysinfo, {P(buffer)}},
	{SYS_times, {P(buffer)}},
	{SYS_gettimeofday, {P(buffer), 0}},
	{SYS_clock_gettime, {CLOCK_MONOTONIC, P(&moment)}},
	{SYS_clock_getres, {CLOCK_MONOTONIC, P(&moment)}},
	{SYS_getcpu, {P(numbers), P(numbers), 0}},
	{SYS_getrusage, {RUSAGE_SELF, P(buffer)}},

#ifdef SYS_open
	/* for all of these there is a newer one */
	{SYS_open, {P(world_file), O_RDONLY}},
	{SYS_open, {P(world_file), O_WRONLY | O_TRUNC}},
	{SYS_open, {P(world_file), O_RDONLY | O_TRUNC}},
	{SYS_open, {P(world_file), O_WRONLY | O_APPEND}},
	{SYS_open, {P(world_empty), O_WRONLY | O_TRUNC}},
	{SYS_open, {P(world_new), O_WRONLY | O_CREAT, 0600}},
	{SYS_open, {P(world_new), O_WRONLY | O_CREAT | O_EXCL, 0600}},
	{SYS_open, {P(world_new), O_RDONLY | O_CREAT, 0600}},
	{SYS_open, {P(world_dir), O_RDWR | O_TMPFILE, 0600}},
	{SYS_open, {P(world_file), O_WRONLY | O_TRUNC | O_NOFOLLOW}},
	{SYS_creat, {P(world_new), 0600}},
	{SYS_creat, {P(world_file), 0600}},
	{SYS_unlink, {P(world_file)}},
	{SYS_rename, {P(world_file), P(world_new)}},
	{SYS_link, {P(world_file), P(world_new)}},
	{SYS_symlink, {P(world_file), P(world_new)}},
	{SYS_mkdir, {P(world_new), 0700}},
	{SYS_rmdir, {P(world_dir)}},
	{SYS_chmod, {P(world_file), 0600}},
	{SYS_chown, {P(world_file), 1, 1}},
	{SYS_lchown, {P(world_file), 1, 1}},
	{SYS_stat, {P(world_file), P(buffer)}},
	{SYS_lstat, {P(world_file), P(buffer)}},
	{SYS_access, {P(world_file), R_OK}},
	{SYS_readlink, {P("/proc/self/exe"), P(buffer), sizeof buffer}},
	{SYS_dup2, {PIPE_OUT, 1}},
	{SYS_pipe, {P(numbers)}},
	{SYS_alarm, {1000}},
	{SYS_getpgrp, {0}},
	{SYS_time, {0}},
#endif

	/* the end */
	{SYS_execve, {P(command), P(arguments), 0}},
	{SYS_execveat, {AT_FDCWD, P(command), P(arguments), 0, 0}},
	{SYS_exit, {1}},
	{SYS_exit_group, {1}},
	{SYS_wait4, {OTHER, 0, WNOHANG, 0}},
	{SYS_waitid, {P_ALL, 0, 0, WEXITED | WNOHANG, 0}},
};
#define N_ATTEMPTS (sizeof attempts / sizeof attempts[0])

static long resolve(long arg)
{
	switch (arg) {
	case FILE_FD:
		return world_fd;
	case PIPE_OUT:
		return world_pipe[0];
	case PIPE_IN:
		return world_pipe[1];
	case TERMINAL:
		return world_terminal;
	case SOCKET:
		return world_sockets[1];
	case OTHER:
		return world_other;
	case SHARED:
		return (long)world_shared;
	default:
		return arg;
	}
}

/* The only thing that the native child does is to end. */
static void run(const struct attempt *attempt)
{
	int status;
	long args[6];
	for (int i = 0; i < 6; i++)
		args[i] = resolve(attempt->args[i]);
	numbers[0] = world_other;
	pid_t pid = fork_lean(LEAN_EAGER);
	if (pid == 0 && !lean_is_child())
		_exit(33);
	if (pid == 0) {
		syscall(attempt->nr, args[0], args[1], args[2], args[3], args[4], args[5]);
		syscall(SYS_ppoll, NULL, 0, &at_once, NULL,
			8); /* at the latest here it is thrown away */
		_exit(34);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 33 << 8);
	assert_int_equal(last.outcome, LEAN_RESTARTED);
}

static void print_what_is_new(char *after, const char *before)
{
	for (char *line = strtok(after, "\n"); line; line = strtok(NULL, "\n"))
		if (!strstr(before, line))
			print_error("  now %s\n", line);
}

static void a_child_thrown_away_leaves_nothing(void **state)
{
	int bad = 0;
	(void)state;
	for (size_t i = 0; i < N_ATTEMPTS; i++) {
		char *before = world_describe();
		run(&attempts[i]);
		char *after = world_describe();
		if (strcmp(before, after)) {
			print_error("attempt %zu, call %ld, reason %d at %d:\n", i, attempts[i].nr,
				(int)last.reason, (int)last.call);
			print_what_is_new(after, before);
			bad++;
		}
		free(before);
		free(after);
	}
	assert_int_equal(bad, 0);
}

static bool is_known(long nr)
{
	const struct call_rule *rule = call_rule(nr);
	return rule && (rule->verdict != NEEDS_FULL_CHILD || rule->judge != 0);
}

static void every_call_is_tried(void **state)
{
	int missing = 0;
	(void)state;
	for (long nr = 0; nr < 1000; nr++) {
		size_t i = 0;
		while (i < N_ATTEMPTS && attempts[i].nr != nr)
			i++;
		if (is_known(nr) && i == N_ATTEMPTS) {
			print_error("call %ld is known, but not tried\n", nr);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
}

static int setup(void **state)
{
	limit_ms = 0;
	memset(buffer, 0, sizeof buffer);
	return world_make() ? block_setup(state) : -1;
}

static int teardown(void **state)
{
	world_drop();
	return block_teardown(state);
}

/* A process of its own, since it becomes the leader of a session. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_thrown_away_leaves_nothing),
		cmocka_unit_test(every_call_is_tried),
	};
	int status = 1 << 8;
	pid_t pid = fork();
	if (pid == 0)
		return cmocka_run_group_tests(tests, setup, teardown) != 0;
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
}
