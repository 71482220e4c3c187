/* SPDX-License-Identifier: MIT */
/*
 * Writes what a command sees of itself to the file that the first argument names. show_self
 * --continue PID: continues a process once it has stopped.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

extern char **environ;

static void show_fds(FILE *out)
{
	struct stat st;

	for (int fd = 0; fd < 1100; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && !fstat(fd, &st))
			fprintf(out, "fd %d type %o [%ju] flags %#x at %jd\n", fd,
				st.st_mode & S_IFMT, (uintmax_t)st.st_ino, fcntl(fd, F_GETFL),
				(intmax_t)lseek(fd, 0, SEEK_CUR));
}

/* The two signals that libc keeps for itself, 32 and 33, have a line of their own. */
static void show_signals(FILE *out, const char *line)
{
	static const unsigned long long own = 3ULL << 31;
	char name[8] = "";
	unsigned long long set = 0;

	sscanf(line, "%7[^:]: %llx", name, &set);
	fprintf(out, "signals %s %016llx\n", name, set & ~own);
	fprintf(out, "libc's own signals %s %llx\n", name, (set & own) >> 31);
}

static void show_status(FILE *out)
{
	static const char *const wanted[] = {
		"Seccomp", "NoNewPrivs", "Cap", "Groups", "Uid", "Gid", "Cpus_allowed"};
	char line[4096];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof line, f)) {
		if (!strncmp(line, "Sig", 3) && line[3] != 'Q')
			show_signals(out, line);
		for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
			if (!strncmp(line, wanted[i], strlen(wanted[i])))
				fprintf(out, "status %s", line);
	}
	if (f)
		fclose(f);
}

static void show_parent(FILE *out)
{
	char path[64], name[64] = "?\n";

	snprintf(path, sizeof path, "/proc/%d/comm", (int)getppid());
	FILE *f = fopen(path, "re");
	if (f && fgets(name, sizeof name, f))
		name[strcspn(name, "\n")] = '\0';
	if (f)
		fclose(f);
	fprintf(out, "parent %s, group %s, session %s\n", name,
		getpgrp() == getpgid(getppid()) ? "the parent's" : "another",
		getsid(0) == getsid(getppid()) ? "the parent's" : "another");
}

static void show_limits(FILE *out)
{
	for (int i = 0; i < RLIMIT_NLIMITS; i++) {
		struct rlimit limit;
		if (!getrlimit((unsigned)i, &limit))
			fprintf(out, "limit %d: %ju %ju\n", i, (uintmax_t)limit.rlim_cur,
				(uintmax_t)limit.rlim_max);
	}
}

static void show_rest(FILE *out)
{
	char cwd[4096];
	struct itimerval timer = {0};
	mode_t mask = umask(022);
	int death = 0;

	prctl(PR_GET_PDEATHSIG, &death);
	getitimer(ITIMER_REAL, &timer);
	fprintf(out, "cwd %s\n", getcwd(cwd, sizeof cwd) ? cwd : strerror(errno));
	fprintf(out, "umask %o nice %d death signal %d slack %d dumpable %d scheduler %d\n", mask,
		getpriority(PRIO_PROCESS, 0), death, prctl(PR_GET_TIMERSLACK),
		prctl(PR_GET_DUMPABLE), sched_getscheduler(0));
	fprintf(out, "timer %s\n", timer.it_value.tv_sec || timer.it_value.tv_usec ? "on" : "off");
}

static int show(const char *path, char *const argv[])
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return 1;
	show_fds(out);
	for (int i = 0; argv[i]; i++)
		fprintf(out, "argument %s\n", argv[i]);
	for (char **e = environ; *e; e++)
		fprintf(out, "environment %s\n", *e);
	show_status(out);
	show_parent(out);
	show_limits(out);
	show_rest(out);
	fclose(out);

	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	int ok = fd >= 0 && write(fd, text, size) == (ssize_t)size;
	free(text);
	return !ok;
}

static char state_of(const char *pid)
{
	char path[64], line[512] = "", *end;
	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	FILE *f = fopen(path, "re");

	if (f && !fgets(line, sizeof line, f))
		line[0] = '\0';
	if (f)
		fclose(f);
	end = strrchr(line, ')');
	return end ? end[2] : '\0';
}

static int resume(const char *pid)
{
	for (int i = 0; i < 10000; i++) {
		if (state_of(pid) == 'T')
			return kill(atoi(pid), SIGCONT);
		usleep(1000);
	}
	return 1;
}

int main(int argc, char *argv[])
{
	if (argc == 3 && !strcmp(argv[1], "--continue"))
		return resume(argv[2]);
	return argc > 1 ? show(argv[1], argv + 2) : 2;
}
