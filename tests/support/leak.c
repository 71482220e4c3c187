/* SPDX-License-Identifier: MIT */
#include "leak.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The kernel's struct, not libc's. The restorer is not compared, because it may stay when a handler
 * is gone.
 */
struct kernel_action {
	void *handler;
	unsigned long flags;
#if !defined(__riscv) && !defined(__loongarch__)
	void *restorer;
#endif
	uint64_t mask;
};

struct snapshot {
	char *fds;
	char *cwd;
	uint64_t mask;
	uint64_t pending;
	struct kernel_action actions[65];
	int dumpable;
	mode_t umask;
};

static int compare_numbers(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* One line a descriptor: number, what it leads to, its descriptor flags. */
static char *describe_fds(void)
{
	int numbers[65536], n = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(dir) && n < 65536)
			numbers[n++] = atoi(e->d_name);
	closedir(dir);
	qsort(numbers, (size_t)n, sizeof numbers[0], compare_numbers);

	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	for (int i = 0; i < n; i++) {
		char path[64], target[256];
		snprintf(path, sizeof path, "/proc/self/fd/%d", numbers[i]);
		ssize_t len = readlink(path, target, sizeof target - 1);
		target[len < 0 ? 0 : len] = '\0';
		fprintf(out, "%d %s %d\n", numbers[i], target, fcntl(numbers[i], F_GETFD));
	}
	fclose(out);
	return text;
}

static void take(struct snapshot *s)
{
	memset(s, 0, sizeof *s);
	s->fds = describe_fds();
	s->cwd = getcwd(NULL, 0);
	/* By raw calls: libc hides its own two signals. */
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &s->mask, 8);
	syscall(SYS_rt_sigpending, &s->pending, 8);
	for (int sig = 1; sig < 65; sig++)
		syscall(SYS_rt_sigaction, sig, NULL, &s->actions[sig], 8);
	s->dumpable = prctl(PR_GET_DUMPABLE);
	s->umask = umask(022);
	umask(s->umask);
}

static void drop(struct snapshot *s)
{
	free(s->fds);
	free(s->cwd);
	free(s);
}

static int check(int same, const char *what)
{
	if (!same)
		print_error("leaked: %s\n", what);
	return !same;
}

/*
 * Whether two dispositions mean the same. Without a handler the mask and most flags have no effect.
 * SA_RESTORER is libc's own choice.
 */
static int same_action(const struct kernel_action *a, const struct kernel_action *b)
{
	unsigned long flags = ~0x04000000UL;
	if (a->handler != b->handler)
		return 0;
	if (a->handler == (void *)(uintptr_t)SIG_DFL || a->handler == (void *)(uintptr_t)SIG_IGN)
		flags = SA_NOCLDWAIT | SA_NOCLDSTOP;
	else if (a->mask != b->mask)
		return 0;
	return (a->flags & flags) == (b->flags & flags);
}

static int same_actions(const struct kernel_action *a, const struct kernel_action *b)
{
	int same = 1;
	for (int sig = 1; sig < 65; sig++) {
		/* libc sets up its own two signals at the first thread and the first cancellation. */
		if (sig >= 32 && sig < SIGRTMIN)
			continue;
		if (same_action(&a[sig], &b[sig]))
			continue;
		print_error("signal %d: handler %p, flags %lx, mask %llx; now %p, %lx, %llx\n", sig,
			a[sig].handler, a[sig].flags, (unsigned long long)a[sig].mask,
			b[sig].handler, b[sig].flags, (unsigned long long)b[sig].mask);
		same = 0;
	}
	return same;
}

static int no_children(void)
{
	siginfo_t info = {0};
	int r = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL);
	/* Some tests have this call refused. */
	if (r < 0 && (errno == EPERM || errno == ENOSYS))
		r = waitpid(-1, NULL, WNOHANG | __WALL) < 0 ? -1 : 0;
	if (r == 0)
		print_error("child %d (0: still running)\n", (int)info.si_pid);
	return r < 0 && errno == ECHILD;
}

int leak_before(void **state)
{
	struct snapshot *s = malloc(sizeof *s);
	if (!s)
		return -1;
	take(s);
	*state = s;
	return 0;
}

int leak_after(void **state)
{
	struct snapshot *before = *state, *after = malloc(sizeof *after);
	if (!after)
		return -1;
	take(after);

	int bad = check(!strcmp(before->fds, after->fds), "descriptors");
	if (bad)
		print_error("before:\n%safter:\n%s", before->fds, after->fds);
	bad += check(before->cwd && after->cwd && !strcmp(before->cwd, after->cwd), "directory");
	bad += check(before->mask == after->mask, "signal mask");
	bad += check(before->pending == after->pending, "pending signals");
	bad += check(same_actions(before->actions, after->actions), "dispositions");
	bad += check(before->dumpable == after->dumpable, "dumpable flag");
	bad += check(before->umask == after->umask, "umask");
	bad += check(no_children(), "children");
	drop(before);
	drop(after);
	return bad ? -1 : 0;
}
