/* SPDX-License-Identifier: MIT */
/*
 * Mode 2 near the limit: what the library says against what fork() does. A process that charges
 * CHARGE bisects the headroom down to a page's breadth with a ballast of untouched memory. A wrong
 * verdict is one that says OK or ENOMEM and fork() does the other.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>

#include "kernel.h"
#include "leak.h"
#include "measure.h"
#include "sysctl_guard.h"

#define MIB (INT64_C(1) << 20)
#define CHARGE (256 * MIB)
#define SPARE (6 * 1024 * MIB) /* of headroom for the rest of the machine */

struct tried {
	struct ss_preflight report;
	int forked;    /* 0, or errno */
	int64_t moved; /* pages by which others changed Committed_AS meanwhile */
};

struct summary {
	int64_t steps, wrong, unsure, exact, repeated;
	int64_t edge; /* bytes that the true limit was from the predicted one */
	int64_t uncertainty;
	char error[256];
};

static void *reserve(int64_t bytes)
{
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	void *p = mmap(NULL, (size_t)bytes, prot, flags, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

/* Be near the limit for as long as it takes, no longer. The ballast is not copied by fork. */
static int try_with(int64_t ballast, struct tried *t)
{
	memset(t, 0, sizeof *t);
	t->report.size = sizeof t->report;
	char *p = ballast ? reserve(ballast) : NULL;
	if (ballast && !p)
		return -1;
	if (p)
		madvise(p, (size_t)ballast, MADV_DONTFORK);
	int64_t before = committed_pages();
	int r = ss_preflight(&t->report, 0);
	t->forked = try_fork();
	t->moved = committed_pages() - before;
	if (p)
		munmap(p, (size_t)ballast);
	return r;
}

static int is_wrong(const struct tried *t)
{
	return (t->report.verdict == SS_FORK_OK && t->forked) ||
	       (t->report.verdict == SS_FORK_ENOMEM && t->forked != ENOMEM) ||
	       t->report.verdict == SS_FORK_EAGAIN;
}

/* What others do between the two questions can make any answer wrong: a second opinion. */
static int step(int64_t ballast, struct tried *t, struct summary *s)
{
	for (int i = 0; i < 5; i++) {
		if (try_with(ballast, t))
			return -1;
		if (!is_wrong(t))
			break;
		s->repeated++;
	}
	s->steps++;
	s->unsure += t->report.verdict == SS_FORK_UNSURE;
	s->exact += t->report.exact;
	s->wrong += is_wrong(t);
	if (is_wrong(t))
		snprintf(s->error, sizeof s->error,
			"ballast %lld: %s, charge %llu headroom %llu +-%llu, fork errno %d, "
			"moved %lld",
			(long long)ballast, ss_cause_name(t->report.cause),
			(unsigned long long)t->report.charge_bytes,
			(unsigned long long)t->report.headroom_bytes,
			(unsigned long long)t->report.uncertainty_bytes, t->forked,
			(long long)t->moved);
	return 0;
}

static int64_t distance(const struct tried *t)
{
	return (int64_t)t->report.headroom_bytes - (int64_t)t->report.charge_bytes;
}

/* The largest ballast with which fork passes; every step on the way is a check. */
static int bisect(struct summary *s)
{
	struct tried t = {0};
	if (step(0, &t, s) || t.forked)
		return -1;
	int64_t low = 0, high = distance(&t) + CHARGE;
	while (high - low > 4096) {
		int64_t middle = (low + high) / 2 / 4096 * 4096;
		if (step(middle, &t, s)) {
			high = middle;
			continue;
		}
		if (t.forked)
			high = middle;
		else
			low = middle;
		/* After the first steps: where the edge is by the library's reckoning. */
		s->edge = distance(&t);
		s->uncertainty = (int64_t)t.report.uncertainty_bytes;
	}
	return 0;
}

/* All around the edge, from far on one side to far on the other. */
static int sweep(struct summary *s)
{
	struct tried t = {0};
	if (step(0, &t, s))
		return -1;
	int64_t edge = distance(&t), band = 4 * (int64_t)t.report.uncertainty_bytes;
	if (band > CHARGE - 16 * MIB)
		band = CHARGE - 16 * MIB;
	for (int i = -20; i <= 20; i++)
		step((edge + band * i / 20) / 4096 * 4096, &t, s);
	return 0;
}

struct setting {
	const char *name;
	uid_t uid;
	int64_t dont_fork; /* further memory that is not charged */
	int64_t shared;
};

static void victim(const struct setting *setting, int out)
{
	struct summary s = {0};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setting->uid && setresuid(setting->uid, setting->uid, setting->uid))
		_exit(1);
	char *charged = reserve(CHARGE), *exempt = reserve(setting->dont_fork + 4096);
	size_t size = (size_t)setting->dont_fork + 4096;
	if (!charged || !exempt || madvise(exempt, size, MADV_DONTFORK))
		_exit(1);
	memset(charged, 1, 16 * MIB);
	if (setting->shared)
		mmap(NULL, (size_t)setting->shared, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bisect(&s) || sweep(&s))
		snprintf(s.error, sizeof s.error, "could not be carried out");
	_exit(write(out, &s, sizeof s) != sizeof s);
}

static void near_the_limit(const struct setting *setting)
{
	if (!sysctl_guard_may("vm/overcommit_memory"))
		skip();
	struct sysctl_guard guard;
	struct summary s = {0};
	char kbytes[32];
	int from[2];
	assert_int_equal(sysctl_guard_begin(&guard), 0);
	long long limit = committed_pages() * 4 + (SPARE + CHARGE + setting->dont_fork) / 1024;
	snprintf(kbytes, sizeof kbytes, "%lld", limit);
	assert_int_equal(sysctl_guard_set(&guard, "vm/overcommit_kbytes", kbytes), 0);
	assert_int_equal(sysctl_guard_set(&guard, "vm/overcommit_memory", "2"), 0);
	assert_int_equal(pipe(from), 0);
	pid_t pid = fork();
	if (pid == 0)
		victim(setting, from[1]);
	close(from[1]);
	ssize_t n = read(from[0], &s, sizeof s);
	close(from[0]);
	waitpid(pid, NULL, 0);
	assert_int_equal(sysctl_guard_end(&guard), 0);
	assert_int_equal(n, sizeof s);
	print_message("%s: %lld steps, %lld wrong, %lld unsure, %lld by smaps, %lld repeated; "
		      "the limit was %lld KiB from where it was predicted, +-%lld KiB%s%s\n",
		setting->name, (long long)s.steps, (long long)s.wrong, (long long)s.unsure,
		(long long)s.exact, (long long)s.repeated, (long long)s.edge / 1024,
		(long long)s.uncertainty / 1024, s.error[0] ? "; " : "", s.error);
	assert_string_equal(s.error, "");
	assert_int_equal(s.wrong, 0);
	assert_true(s.unsure < s.steps);
	assert_true(llabs(s.edge) <= s.uncertainty);
}

static void as_root(void **state)
{
	(void)state;
	near_the_limit(&(struct setting){"root", 0, 0, 0});
}

static void as_an_ordinary_user(void **state)
{
	(void)state;
	near_the_limit(&(struct setting){"user", 64123, 0, 0});
}

static void with_memory_that_is_not_charged(void **state)
{
	(void)state;
	near_the_limit(&(struct setting){"dontfork", 0, CHARGE / 2, 0});
}

static void with_shared_memory(void **state)
{
	(void)state;
	near_the_limit(&(struct setting){"shared", 64123, 0, 2048 * MIB});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(as_root),
		TEST(as_an_ordinary_user),
		TEST(with_memory_that_is_not_charged),
		TEST(with_shared_memory),
	};
	return RUN_TESTS(tests);
}
