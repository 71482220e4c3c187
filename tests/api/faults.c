/* SPDX-License-Identifier: MIT */
/*
 * faults [--all]: each system call of the parent and of the child fails, in each of its
 * occurrences, with each errno of its manual page. The errno and the stage are right, nothing is
 * left behind, and the next spawn works. Without --all only the first, the middle and the last
 * errno of each list, on a slow machine only the first, and only in its first occurrence. Each case
 * has a process of its own, because the library remembers which calls a kernel refuses. A listener
 * answers for the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "run.h"
#include "seccomp.h"
#include "subreaper.h"

#ifndef SECCOMP_USER_NOTIF_FLAG_CONTINUE
#define SECCOMP_USER_NOTIF_FLAG_CONTINUE 1
#endif

/* Newer than some headers; the same on all architectures. */
enum { NR_CLONE3 = 435, NR_CLOSE_RANGE = 436 };

enum who { PARENT, CHILD };

enum { MOST_ERRNOS = 28, SKIPPED = 77 };

#define BIT(stage) (1U << SS_STAGE_##stage)
#define MAY_SUCCEED BIT(NONE)
#define ID_ERRNOS EAGAIN, EINVAL, EPERM
#define PATH_ERRNOS EACCES, EFAULT, EIO, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR
#define CLONE_ERRNOS                                                                               \
	EAGAIN, EBUSY, EEXIST, EINVAL, ENOMEM, ENOSPC, EOPNOTSUPP, EPERM, EUSERS, ENOSYS, EMFILE,  \
		ENFILE, EACCES

/* A system call, whose errnos lead to these stages. */
struct row {
	const char *name;
	int nr;
	enum who who;
	unsigned stages;
	int errnos[MOST_ERRNOS];
};

#define ROW(call, who, stages, ...)                                                                \
	{                                                                                          \
#call, SYS_##call, who, stages,                                                    \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static const struct row rows[] = {
	{"clone3", NR_CLONE3, PARENT, BIT(CLONE) | MAY_SUCCEED, {CLONE_ERRNOS}},
	{"clone3", NR_CLONE3, CHILD, BIT(CLONE) | MAY_SUCCEED, {CLONE_ERRNOS}},
	ROW(clone, PARENT, BIT(CLONE) | MAY_SUCCEED, CLONE_ERRNOS),
	ROW(pipe2, PARENT, BIT(PIPE), EFAULT, EINVAL, EMFILE, ENFILE),
	ROW(futex, PARENT, MAY_SUCCEED, EAGAIN, EINTR),
	ROW(madvise, PARENT, MAY_SUCCEED, EAGAIN, EINVAL, ENOMEM, EACCES),
	ROW(waitid, PARENT, MAY_SUCCEED, EINTR, EINVAL, ENOSYS, EPERM),
	ROW(wait4, PARENT, MAY_SUCCEED, EINTR),
	ROW(fcntl, PARENT, BIT(OPTIONS) | MAY_SUCCEED, EBADF),
	{"close_range", NR_CLOSE_RANGE, CHILD, BIT(FDS) | MAY_SUCCEED,
		{EINVAL, EMFILE, ENOMEM, ENOSYS, EPERM}},
	ROW(fcntl, CHILD, BIT(FDS) | BIT(STDIO), EACCES, EAGAIN, EBADF, EDEADLK, EFAULT, ENOLCK,
		EPERM),
	/* Another number may do. */
	ROW(fcntl, CHILD, BIT(FDS) | BIT(STDIO) | MAY_SUCCEED, EINVAL, EMFILE),
	ROW(unshare, CHILD, BIT(FDS) | MAY_SUCCEED, EINVAL, EMFILE, ENOMEM, ENOSPC, EPERM, EUSERS),
	ROW(getdents64, CHILD, BIT(FDS) | BIT(STDIO), EBADF, EFAULT, EINVAL, ENOENT, ENOTDIR),
	ROW(dup3, CHILD, BIT(FDS) | BIT(STDIO), EBADF, EBUSY, EINTR, EINVAL, EMFILE, ENOMEM),
	ROW(openat, CHILD, BIT(STDIO) | BIT(FDS), PATH_ERRNOS, EBUSY, EDQUOT, EEXIST, EFBIG, EINTR,
		EINVAL, EISDIR, ENFILE, ENODEV, ENOSPC, ENXIO, EOVERFLOW, EPERM, EROFS, ETXTBSY,
		EWOULDBLOCK, EBADF, EOPNOTSUPP),
	/* A listing of descriptors makes itself room. */
	ROW(openat, CHILD, BIT(STDIO) | BIT(FDS) | MAY_SUCCEED, EMFILE),
	ROW(setsid, CHILD, BIT(SESSION), EPERM),
	ROW(setpgid, CHILD, BIT(GROUP), EACCES, EINVAL, EPERM, ESRCH),
	ROW(rt_sigpending, CHILD, MAY_SUCCEED, EFAULT),
	ROW(ioctl, CHILD, BIT(TTY), EBADF, EFAULT, EINVAL, EIO, ENOTTY, EPERM),
	ROW(prlimit64, CHILD, BIT(LIMITS), EFAULT, EINVAL, EPERM, ESRCH),
	ROW(sched_setaffinity, CHILD, BIT(SCHED), EFAULT, EINVAL, EPERM, ESRCH),
	ROW(setpriority, CHILD, BIT(NICE), EACCES, EINVAL, EPERM, ESRCH),
	ROW(chdir, CHILD, BIT(CWD), PATH_ERRNOS),
	ROW(fchdir, CHILD, BIT(CWD), EACCES, EBADF, ENOTDIR),
	ROW(setgroups, CHILD, BIT(GROUPS), EFAULT, EINVAL, ENOMEM, EPERM),
	ROW(setresgid, CHILD, BIT(GID), ID_ERRNOS),
	ROW(setresuid, CHILD, BIT(UID), ID_ERRNOS),
	ROW(prctl, CHILD, BIT(PRIVS) | BIT(PDEATHSIG), EACCES, EBADF, EBUSY, EFAULT, EINVAL, EPERM),
	ROW(rt_sigaction, CHILD, BIT(SIGNALS) | MAY_SUCCEED, EFAULT, EINVAL),
	ROW(rt_sigprocmask, CHILD, BIT(SIGNALS), EFAULT, EINVAL),
	ROW(execve, CHILD, BIT(EXEC), PATH_ERRNOS, E2BIG, EAGAIN, EINVAL, EISDIR, ELIBBAD, EMFILE,
		ENFILE, ENOEXEC, EPERM, ETXTBSY),
	ROW(execveat, CHILD, BIT(EXEC), PATH_ERRNOS, E2BIG, EAGAIN, EINVAL, EISDIR, ELIBBAD, EMFILE,
		ENFILE, ENOEXEC, EPERM, ETXTBSY, EBADF),
};

/* ---- What is spawned ------------------------------------------------------------------------- */

struct request {
	const char *name;
	struct ss_options options;
	bool fails; /* with ENOENT at exec, if nothing else does */
	bool needs_root;
	bool old_kernel; /* without clone3 and close_range */
};

enum { N_REQUESTS = 8 };

static struct request requests[N_REQUESTS];

static void make_requests(void)
{
	static const struct ss_fd_map swap[] = {{40, 41}, {41, 40}, {40, 7}};
	static const struct ss_rlimit limit = {RLIMIT_CORE, {0, 0}};
	static const gid_t groups[] = {1};
	static cpu_set_t cpus;
	static sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sched_getaffinity(0, sizeof cpus, &cpus);
	dup3(0, 40, O_CLOEXEC);
	dup3(1, 41, O_CLOEXEC);
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int program = open(victim("NOTHING"), O_RDONLY | O_CLOEXEC);
	requests[0] = (struct request){"plain", OPTIONS(.flags = 0), false, false, false};
	requests[1] = (struct request){"all",
		OPTIONS(.flags = SS_NEW_GROUP | SS_NO_NEW_PRIVS | SS_SET_UMASK | SS_SET_UID |
				 SS_SET_GID | SS_SET_GROUPS | SS_SET_NICE,
			.cwd = "/", .in = SS_PIPE, .out = SS_PIPE, .err = SS_PIPE, .fds = swap,
			.n_fds = 3, .rlimits = &limit, .n_rlimits = 1, .groups = groups,
			.n_groups = 1, .gid = 1, .uid = 1, .nice = 5, .affinity = &cpus,
			.affinity_size = sizeof cpus, .pdeathsig = SIGKILL, .sigmask = &set,
			.sigdefault = &set),
		false, true, false};
	requests[2] = (struct request){"files",
		OPTIONS(.flags = SS_NEW_SESSION | SS_KEEP_FDS | SS_SET_CWD_FD | SS_SET_EXEC_FD,
			.in = SS_READ("/dev/null"), .out = SS_WRITE("/dev/null"), .err = SS_MERGE,
			.cwd_fd = root, .exec_fd = program),
		false, false, false};
	requests[3] = (struct request){"not there",
		OPTIONS(.flags = 0, .file = "/nonexistent", .out = SS_PIPE), true, false, false};
	requests[4] = (struct request){
		"detached", OPTIONS(.flags = SS_DETACH, .out = SS_PIPE), false, false, false};
	requests[5] = (struct request){"limited",
		OPTIONS(.start_timeout_ms = 60000, .err = SS_CLOSED, .out = SS_NULL), false, false,
		false};
	requests[6] = (struct request){"old kernel",
		OPTIONS(.flags = SS_NEW_GROUP, .in = SS_PIPE, .out = SS_PIPE, .err = SS_MERGE,
			.fds = swap, .n_fds = 2, .cwd = "/"),
		false, false, true};
	requests[7] = (struct request){
		"old kernel, not there", OPTIONS(.file = "/nonexistent"), true, false, true};
}

/* ---- A case ---------------------------------------------------------------------------------- */

static struct {
	const struct row *row;
	const struct request *request;
	int error;
	int occurrence; /* counted from 0 */

	pid_t spawner;
	atomic_bool counting;
	int seen; /* occurrences */
	int listener;
	int done[2]; /* a byte: the listener is there; end of file: the spawns are done */
	int result, result_errno;
	struct ss_failure failure;
	bool next_works;
} now;

static int listen_to(int nr)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
	return (int)syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static bool run_nothing(void)
{
	struct ss_child child;
	int status;
	if (ss_spawn(&child, ARGV(victim_for_all("NOTHING")), SS_OPTIONS(.out = SS_PIPE)))
		return false;
	bool good = ss_wait(&child, &status, -1) == 0 && status == 0;
	ss_release(&child);
	return good;
}

/* The listener is started when the first spawn is over, but for the row that only that one has. */
static void *spawn_in_thread(void *unused)
{
	struct ss_child child;
	struct ss_options options = now.request->options;
	options.failure = &now.failure;
	const struct refusal old[] = {{NR_CLONE3, ENOSYS, 0, 0}, {NR_CLOSE_RANGE, ENOSYS, 0, 0}};
	if (now.request->old_kernel)
		refuse_calls(old, 2);
	if (now.row->nr != SYS_madvise)
		run_nothing();
	now.spawner = (pid_t)syscall(SYS_gettid);
	now.listener = listen_to(now.row->nr);
	if (write(now.done[1], "", 1) != 1)
		now.listener = -1;
	if (now.listener < 0)
		return unused;
	now.counting = true;
	now.result = ss_spawn(&child, ARGV(victim_for_all("NOTHING")), &options);
	now.result_errno = errno;
	now.counting = false;
	if (now.result == 0) {
		ss_wait(&child, NULL, -1);
		ss_release(&child);
	}
	now.next_works = run_nothing();
	close(now.done[1]);
	return unused;
}

static void answer(void)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp response;
	memset(&call, 0, sizeof call);
	memset(&response, 0, sizeof response);
	if (syscall(SYS_ioctl, now.listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return;
	enum who who = (pid_t)call.pid == now.spawner ? PARENT : CHILD;
	response.id = call.id;
	response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (now.counting && who == now.row->who && now.seen++ == now.occurrence) {
		response.flags = 0;
		response.error = -now.error;
	}
	syscall(SYS_ioctl, now.listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static int count_descriptors(void)
{
	int n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static bool is_as_it_should_be(void)
{
	unsigned stage = 1U << now.failure.stage;
	if (now.result == 0)
		return now.failure.stage == SS_STAGE_NONE && now.failure.error == 0 &&
		       (now.row->stages & MAY_SUCCEED || now.seen <= now.occurrence) &&
		       !now.request->fails;
	if (now.result_errno != now.failure.error)
		return false;
	if (now.request->fails && now.failure.stage == SS_STAGE_EXEC && now.failure.error == ENOENT)
		return now.row->stages & MAY_SUCCEED || now.seen <= now.occurrence ||
		       now.error == ENOENT;
	return now.failure.error == now.error && now.row->stages & stage;
}

static int complain(const char *what)
{
	printf("%s: %s of the %s, occurrence %d, %s: %s; result %d, %s at %s\n", now.request->name,
		now.row->name, now.row->who == PARENT ? "parent" : "child", now.occurrence,
		strerror(now.error), what, now.result, strerror(now.failure.error),
		ss_stage_name(now.failure.stage));
	fflush(stdout);
	return now.seen > now.occurrence ? 2 : 3;
}

static int check_afterwards(int descriptors)
{
	sigset_t mask;
	siginfo_t info;
	if (!is_as_it_should_be())
		return complain("wrong");
	if (!now.next_works)
		return complain("the next spawn fails");
	if (count_descriptors() != descriptors)
		return complain("descriptors are left");
	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD)
		return complain("a child is left");
	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (sigismember(&mask, SIGTERM))
		return complain("signals are blocked");
	return now.seen > now.occurrence ? 0 : 1;
}

/* 0: good, 1: there is no such occurrence, 2: bad, 3: bad without one. */
static int run_case(void)
{
	pthread_t thread;
	char byte;
	alarm(patience(60));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	int before = count_descriptors();
	if (pipe2(now.done, O_CLOEXEC))
		return SKIPPED;
	pthread_create(&thread, NULL, spawn_in_thread, NULL);
	if (read(now.done[0], &byte, 1) != 1 || now.listener < 0)
		return SKIPPED;
	struct pollfd from[] = {{now.done[0], POLLIN, 0}, {now.listener, POLLIN, 0}};
	while (poll(from, 2, -1) >= 0 && !from[0].revents)
		if (from[1].revents & POLLIN)
			answer();
	/* The thread's own end makes calls, too. In musl one of them wakes who joins it. */
	while (syscall(SYS_tgkill, getpid(), now.spawner, 0) == 0)
		if (poll(&from[1], 1, 10) > 0)
			answer();
	close(now.listener);
	pthread_join(thread, NULL);
	close(now.done[0]);
	return check_afterwards(before);
}

static int in_process(void)
{
	int status;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(run_case());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 2;
	if (WIFSIGNALED(status)) {
		complain(strsignal(WTERMSIG(status)));
		return 2;
	}
	return WEXITSTATUS(status);
}

/* ---- All of them ----------------------------------------------------------------------------- */

static int n_cases, n_bad;

static int count_errnos(const struct row *row)
{
	int n = 0;
	while (n < MOST_ERRNOS && row->errnos[n])
		n++;
	return n;
}

static bool is_slow(void)
{
	return workload(16) < 16;
}

/* Some of a row's errnos. */
static bool is_chosen(int i, int n)
{
	return i == 0 || (!is_slow() && (i == n / 2 || i == n - 1));
}

/* Whether there is an occurrence of that number. */
static bool try_errnos(bool all)
{
	int n = count_errnos(now.row);
	for (int i = 0; i < n; i++) {
		if (!all && !is_chosen(i, n))
			continue;
		now.error = now.row->errnos[i];
		int result = in_process();
		if (result == SKIPPED)
			exit(n_cases ? 1 : SKIPPED);
		if (result == 1)
			return false;
		n_cases++;
		n_bad += result != 0;
		if (result == 3)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	bool all = argc > 1 && !strcmp(argv[1], "--all");
	if (in_valgrind()) {
		puts("valgrind's own calls would count.");
		return SKIPPED;
	}
	make_requests();
	victim_for_all("NOTHING"); /* a copy for all the processes */
	for (size_t r = 0; r < N_REQUESTS; r++) {
		now.request = &requests[r];
		if (now.request->needs_root && geteuid() != 0)
			continue;
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
			now.row = &rows[i];
			const int most = all || !is_slow() ? INT_MAX : 1;
			for (now.occurrence = 0; now.occurrence < most && try_errnos(all);
				now.occurrence++)
				;
		}
	}
	printf("%d cases, %d bad\n", n_cases, n_bad);
	return n_bad != 0;
}
