/* SPDX-License-Identifier: MIT */
/*
 * state [FD] Prints how the program was started, as far as it can see, one line "key value" each,
 * to FD (1).
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static void print_ids(FILE *to)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid, groups[256];
	getresuid(&ruid, &euid, &suid);
	getresgid(&rgid, &egid, &sgid);
	fprintf(to, "uid %u %u %u\ngid %u %u %u\ngroups", ruid, euid, suid, rgid, egid, sgid);
	int n = getgroups(256, groups);
	for (int i = 0; i < n; i++)
		fprintf(to, " %u", groups[i]);
	fprintf(to, "\n");
}

static void print_process(FILE *to)
{
	char cwd[4096];
	mode_t mask = umask(0);
	fprintf(to, "pid %d\nppid %d\npgid %d\nsid %d\n", (int)getpid(), (int)getppid(),
		(int)getpgrp(), (int)getsid(0));
	fprintf(to, "cwd %s\numask %03o\nnice %d\n", getcwd(cwd, sizeof cwd) ? cwd : "?", mask,
		getpriority(PRIO_PROCESS, 0));
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	fprintf(to, "tty %s\nforeground %d\n", tty < 0 ? "none" : "yes",
		tty < 0 ? 0 : (int)tcgetpgrp(tty));
	if (tty >= 0)
		close(tty);
	int pdeathsig = 0;
	prctl(PR_GET_PDEATHSIG, &pdeathsig);
	fprintf(to, "no_new_privs %d\npdeathsig %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
		pdeathsig);
}

static void print_file(FILE *to, const char *key, const char *path)
{
	char text[4096];
	FILE *from = fopen(path, "re");
	size_t n = from ? fread(text, 1, sizeof text - 1, from) : 0;
	text[n] = '\0';
	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = ' ';
	fprintf(to, "%s %s\n", key, text);
	if (from)
		fclose(from);
}

static void print_limits(FILE *to)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit l;
		getrlimit(i, &l);
		fprintf(to, "rlimit%d %lld %lld\n", i, (long long)l.rlim_cur,
			(long long)l.rlim_max);
	}
	cpu_set_t set;
	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof set, &set);
	fprintf(to, "cpus");
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			fprintf(to, " %d", i);
	fprintf(to, "\n");
}

/*
 * By raw calls: libc hides some signals, and /proc says what an emulator made of them. The handler
 * comes first in the kernel's struct sigaction.
 */
/* Before glibc 2.32 libpthread handles them from the start. */
static bool is_libcs_own(int sig)
{
	return sig == 32 || sig == 33;
}

static void print_signals(FILE *to)
{
	unsigned long long ignored = 0, caught = 0, blocked = 0, pending = 0;
	for (int sig = 1; sig <= 64; sig++) {
		uintptr_t action[16] = {0};
		syscall(SYS_rt_sigaction, sig, NULL, action, 8);
		if (action[0] == (uintptr_t)SIG_IGN)
			ignored |= 1ULL << (sig - 1);
		else if (action[0] != (uintptr_t)SIG_DFL && !is_libcs_own(sig))
			caught |= 1ULL << (sig - 1);
	}
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, 8);
	syscall(SYS_rt_sigpending, &pending, 8);
	fprintf(to, "SigIgn %llx\nSigCgt %llx\nSigBlk %llx\nSigPnd %llx\n", ignored, caught,
		blocked, pending);
}

static void print_fds(FILE *to)
{
	DIR *dir = opendir("/proc/self/fd");
	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		char path[300], target[256];
		int fd = atoi(e->d_name);
		if (e->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof target - 1);
		target[n < 0 ? 0 : n] = '\0';
		fprintf(to, "fd%d %s\n", fd, target);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	char *text;
	size_t size;
	int fd = argc > 1 ? atoi(argv[1]) : 1;
	FILE *to = open_memstream(&text, &size);
	if (!to)
		return 1;
	print_fds(to);
	print_process(to);
	print_ids(to);
	print_limits(to);
	print_signals(to);
	print_file(to, "oom_score_adj", "/proc/self/oom_score_adj");
	print_file(to, "cgroup", "/proc/self/cgroup");
	for (int i = 0; i < argc; i++)
		fprintf(to, "arg%d %s\n", i, argv[i]);
	for (int i = 0; environ[i]; i++)
		fprintf(to, "env%d %s\n", i, environ[i]);
	fclose(to);
	for (size_t at = 0; at < size;) {
		ssize_t n = write(fd, text + at, size - at);
		if (n <= 0)
			return 2;
		at += (size_t)n;
	}
	return 0;
}
