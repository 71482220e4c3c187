/* SPDX-License-Identifier: MIT */
/*
 * RLIMIT_NPROC beside user namespaces. Since 5.14 a task inside counts for itself there and for the
 * namespace's creator outside, whoever it is: the verdict must be neither a wrong OK nor a wrong
 * EAGAIN. A keeper makes the namespace and has sleepers in it; the asker is outside or the keeper.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>

#include "leak.h"

enum { SLEEPERS = 4, INSIDE = 5 };

struct scene {
	uid_t creator, inside; /* users, as seen from outside */
	uid_t asker;           /* 0: the keeper */
	rlim_t limit;          /* of the keeper */
	int outside;           /* sleepers of the creator outside */
};

struct answer {
	int verdict, cause, forked; /* forked: 0 or errno */
};

static void become(uid_t uid)
{
	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void sleep_as(uid_t uid, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (uid)
		become(uid);
	if (write(ready, "r", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* Returns when all are what they are to be. */
static int sleepers(int n, uid_t uid)
{
	int ready[2];
	char c;
	if (pipe(ready))
		return -1;
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();
		if (pid < 0)
			return -1;
		if (pid == 0)
			sleep_as(uid, ready[1]);
	}
	close(ready[1]);
	for (int i = 0; i < n; i++)
		if (read(ready[0], &c, 1) != 1)
			return -1;
	close(ready[0]);
	return 0;
}

static struct answer ask(void)
{
	struct ss_preflight r = {.size = sizeof r};
	if (ss_preflight(&r, 0))
		_exit(1);
	struct answer a = {(int)r.verdict, (int)r.cause, 0};
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		a.forked = errno;
	else
		waitpid(pid, NULL, 0);
	return a;
}

static void limit_tasks(rlim_t n)
{
	struct rlimit limit = {n, n};
	if (setrlimit(RLIMIT_NPROC, &limit))
		_exit(1);
}

static void say(int fd, const void *what, size_t size)
{
	if (write(fd, what, size) != (ssize_t)size)
		_exit(1);
}

/* Says 'n' when it has its namespace, goes on when that has a map, and then says 'r' or answers. */
static void keep(const struct scene *s, int in, int out)
{
	char c;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (s->limit)
		limit_tasks(s->limit);
	become(s->creator);
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER))
		_exit(1);
	say(out, "n", 1);
	if (read(in, &c, 1) != 1)
		_exit(1);
	become(INSIDE);
	if (sleepers(SLEEPERS, 0))
		_exit(1);
	struct answer a = {0};
	if (!s->asker)
		a = ask();
	say(out, &a, sizeof a);
	pause();
}

static int put(pid_t pid, const char *file, const char *text)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	close(fd);
	return n < 0;
}

static int map(pid_t pid, uid_t uid)
{
	char text[64];
	snprintf(text, sizeof text, "%d %d 1\n", INSIDE, (int)uid);
	return put(pid, "uid_map", text) || put(pid, "gid_map", text);
}

static void ask_as(const struct scene *s, int out)
{
	limit_tasks(SLEEPERS);
	become(s->asker);
	struct answer a = ask();
	say(out, &a, sizeof a);
	_exit(0);
}

/* Sees to it that all of the scene are gone afterwards: whoever is left becomes a child of this. */
static void direct(const struct scene *s, int out)
{
	int to[2], from[2];
	char c;
	struct answer a;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (pipe(to) || pipe(from))
		_exit(1);
	pid_t keeper = fork();
	if (keeper == 0)
		keep(s, to[0], from[1]);
	close(from[1]);
	/* Nothing is said where there are no user namespaces. */
	bool there = read(from[0], &c, 1) == 1 && !map(keeper, s->inside);
	if (there && sleepers(s->outside, s->creator) == 0) {
		say(to[1], "g", 1);
		there = read(from[0], &a, sizeof a) == sizeof a;
	}
	pid_t asker = there && s->asker ? fork() : 0;
	if (asker == 0 && there && s->asker)
		ask_as(s, out);
	if (asker > 0)
		waitpid(asker, NULL, 0);
	else if (there)
		say(out, &a, sizeof a);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	kill(keeper, SIGKILL);
	while (wait(NULL) > 0)
		;
	_exit(0);
}

static struct answer play(struct scene s)
{
	struct answer a;
	int from[2];
	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe(from), 0);
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		direct(&s, from[1]);
	}
	close(from[1]);
	ssize_t n = read(from[0], &a, sizeof a);
	close(from[0]);
	waitpid(pid, NULL, 0);
	if (n == 0)
		skip();
	assert_int_equal(n, sizeof a);
	print_message("verdict %d, %s, fork: %s\n", a.verdict,
		ss_cause_name((enum ss_cause)a.cause), a.forked ? strerror(a.forked) : "passed");
	return a;
}

static void check(const struct answer *a)
{
	if (a->forked)
		assert_int_not_equal(a->verdict, SS_FORK_OK);
	else
		assert_int_not_equal(a->verdict, SS_FORK_EAGAIN);
	if (a->verdict != SS_FORK_OK)
		assert_int_equal(a->cause, SS_CAUSE_NPROC);
}

static void a_namespace_counts_for_its_creator(void **state)
{
	(void)state;
	struct answer a = play((struct scene){.creator = 64131, .inside = 64132, .asker = 64131});
	check(&a);
}

static void a_creators_tasks_count_inside(void **state)
{
	(void)state;
	struct answer a = play((struct scene){
		.creator = 64133, .inside = 64134, .limit = SLEEPERS + 4, .outside = 3});
	check(&a);
}

static void the_same_user_inside_is_another(void **state)
{
	(void)state;
	struct answer a = play((struct scene){.creator = 64135, .inside = 64136, .asker = 64136});
	check(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_namespace_counts_for_its_creator),
		TEST(a_creators_tasks_count_inside),
		TEST(the_same_user_inside_is_another),
	};
	return RUN_TESTS(tests);
}
