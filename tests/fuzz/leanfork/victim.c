/* SPDX-License-Identifier: MIT */
/* What a child becomes: it adds what it was given, and what it finds itself to be, to the results. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static char text[100000];
static size_t len;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	len += (size_t)vsnprintf(text + len, sizeof text - len, format, args);
	va_end(args);
}

static void say_signals(void)
{
	sigset_t mask, pending;
	stack_t stack;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigpending(&pending);
	for (int sig = 1; sig <= 64; sig++) {
		struct sigaction action = {.sa_handler = SIG_DFL};
		sigaction(sig, NULL, &action);
		int ignored = action.sa_handler == SIG_IGN, blocked = sigismember(&mask, sig) == 1,
		    waiting = sigismember(&pending, sig) == 1;
		if (ignored || blocked || waiting)
			say("signal %d:%s%s%s\n", sig, ignored ? " ignored" : "",
				blocked ? " blocked" : "", waiting ? " pending" : "");
	}
	sigaltstack(NULL, &stack);
	say("alternate stack %x\n", (unsigned)stack.ss_flags);
}

static void say_descriptors(void)
{
	for (int fd = 0; fd < 80; fd++) {
		struct stat file;
		int flags = fcntl(fd, F_GETFL);
		if (flags < 0 || fstat(fd, &file))
			continue;
		say("descriptor %d: %x %x %o %ld\n", fd, (unsigned)flags,
			(unsigned)fcntl(fd, F_GETFD), file.st_mode,
			fd == 40 ? 0 : (long)lseek(fd, 0, SEEK_CUR));
	}
}

static void say_limits(void)
{
	for (int i = 0; i < RLIMIT_NLIMITS; i++) {
		struct rlimit limit = {0, 0};
		getrlimit((__rlimit_resource_t)i, &limit);
		say("limit %d %llx %llx\n", i, (unsigned long long)limit.rlim_cur,
			(unsigned long long)limit.rlim_max);
	}
}

static void say_ids(void)
{
	uid_t uids[3] = {0};
	gid_t gids[3] = {0}, groups[40];
	getresuid(&uids[0], &uids[1], &uids[2]);
	getresgid(&gids[0], &gids[1], &gids[2]);
	int n = getgroups(40, groups);
	say("ids %u %u %u %u %u %u, %d groups, leads %d %d\n", uids[0], uids[1], uids[2], gids[0],
		gids[1], gids[2], n, getpgrp() == getpid(), getsid(0) == getpid());
}

/* From /proc/self/status, what no call tells of. */
static void say_status(void)
{
	static const char *const names[] = {
		"Cap", "NoNewPrivs", "Seccomp:", "THP_enabled", "Threads", "Cpus_allowed:"};
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");
	while (file && fgets(line, sizeof line, file))
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			if (!strncmp(line, names[i], strlen(names[i])))
				say("%s", line);
	if (file)
		fclose(file);
}

static void say_rest(void)
{
	struct itimerval timer = {0};
	char where[512] = "";
	int death = 0;
	mode_t mask = umask(0);
	getitimer(ITIMER_REAL, &timer);
	prctl(PR_GET_PDEATHSIG, &death);
	const char *last = getcwd(where, sizeof where) ? strrchr(where, '/') : NULL;
	say("umask %o, in %s, nice %d, policy %d, personality %x\n", mask,
		last && !strcmp(last, "/sub") ? last : "place", getpriority(PRIO_PROCESS, 0),
		sched_getscheduler(0), (unsigned)personality(0xffffffff));
	say("alarm %d, death %d, dumpable %d, slack %d, keeps %d, bits %x\n",
		timer.it_value.tv_sec > 100 ? 1 : timer.it_value.tv_sec || timer.it_value.tv_usec,
		death, prctl(PR_GET_DUMPABLE), prctl(PR_GET_TIMERSLACK), prctl(PR_GET_KEEPCAPS),
		(unsigned)prctl(PR_GET_SECUREBITS));
}

int main(int argc, char **argv)
{
	const char *given = getenv("FUZZ_LOG");
	if (argc < 3)
		return 2;
	say("%sbecame %s", given ? given : "", argv[1]);
	for (int i = 3; i < argc; i++)
		say(" %s", argv[i]);
	say("\n");
	say_signals();
	say_descriptors();
	say_limits();
	say_ids();
	say_rest();
	int fd = open(argv[2], O_WRONLY | O_APPEND);
	if (fd < 0)
		fd = 40;
	say_status();
	return write(fd, text, len) == (ssize_t)len ? 7 : 8;
}
