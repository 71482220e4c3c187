/* SPDX-License-Identifier: MIT */
/*
 * spawn [--json] [--quick] PROGRAM
 * A child that ends at once, until it has been reaped: ss_spawn beside raw vfork+exec, posix_spawn
 * and fork+exec, over the caller's resident size, its open descriptors, and its spawning threads
 * beside one that keeps faulting pages in. And how long the call of ss_spawn alone takes, with a pipe,
 * whose ends have the highest numbers.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <safespawn.h>
#include "bench.h"
#include "engine/clone.h"
#include "engine/syscall.h"

static char *program[2];
static int json;
static int quick;

static void reap(pid_t pid)
{
	int status;
	bench_need(waitpid(pid, &status, 0) == pid && status == 0, "waitpid");
}

static void by_vfork(void)
{
	pid_t pid = vfork();
	if (pid == 0) {
		execve(program[0], program, environ);
		_exit(127);
	}
	bench_need(pid > 0, "vfork");
	reap(pid);
}

#ifdef ENGINE_RAW

PLAIN static void exec_program(void *unused)
{
	(void)unused;
	raw3(SYS_execve, program[0], program, environ);
	raw1(SYS_exit_group, 127);
}

/* The least that ss_spawn, ss_wait and ss_release have to do. It parks the caller. */
static void by_clone3(void)
{
	static __thread _Alignas(16) char stack[4096];
	int pidfd = -1;
	siginfo_t info;
	const struct clone_call call = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD,
		.exit_signal = SIGCHLD,
		.pidfd = &pidfd,
		.stack = stack,
		.stack_size = sizeof stack,
		.run = exec_program,
	};
	bench_need(ss__clone_new(&call) > 0, "clone3");
	bench_need(waitid((idtype_t)WAIT_PIDFD, (id_t)pidfd, &info, WEXITED) == 0, "waitid");
	close(pidfd);
}

#endif

static void by_fork(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		execve(program[0], program, environ);
		_exit(127);
	}
	bench_need(pid > 0, "fork");
	reap(pid);
}

static void by_posix_spawn(void)
{
	pid_t pid;
	bench_need(posix_spawn(&pid, program[0], NULL, NULL, program, environ) == 0, "posix_spawn");
	reap(pid);
}

static __thread struct ss_child child;

static void by_ss_spawn(void)
{
	int status = -1;
	bench_need(ss_spawn(&child, program, NULL) == 0, "ss_spawn");
	bench_need(ss_wait(&child, &status, -1) == 0 && status == 0, "ss_wait");
}

/* Not timed: the other ways have no handle to close. */
static void release(void)
{
	ss_release(&child);
}

static void by_ss_spawn_release(void)
{
	by_ss_spawn();
	release();
}

static void by_ss_spawn_no_pidfd(void)
{
	int status = -1;
	bench_need(ss_spawn(&child, program, SS_OPTIONS(.flags = SS_NO_PIDFD)) == 0, "ss_spawn");
	bench_need(ss_wait(&child, &status, -1) == 0 && status == 0, "ss_wait");
	ss_release(&child);
}

static const struct bench_way ways[] = {
	{"vfork+exec", by_vfork, NULL},
#ifdef ENGINE_RAW
	{"clone3+exec+close", by_clone3, NULL},
#endif
	{"ss_spawn", by_ss_spawn, release},
	{"ss_spawn+ss_release", by_ss_spawn_release, NULL},
	{"ss_spawn, no pidfd", by_ss_spawn_no_pidfd, NULL},
	{"posix_spawn", by_posix_spawn, NULL},
};
#define N_WAYS (sizeof ways / sizeof ways[0])
static const struct bench_way fork_way[] = {{"fork+exec", by_fork, NULL}};

static void measure(const char *what, long value, int rounds)
{
	struct bench_result results[N_WAYS];
	bench_compare(ways, N_WAYS, rounds, results);
	bench_print(what, value, ways, N_WAYS, results, json);
}

/* fork is measured by itself, because the page faults after it would be charged to the next way. */
static void measure_fork(const char *what, long value, int rounds)
{
	struct bench_result base, result;
	bench_compare(ways, 1, rounds, &base);
	bench_compare(fork_way, 1, rounds, &result);
	result.ratio = result.median_us / base.median_us;
	bench_print(what, value, fork_way, 1, &result, json);
}

/* A quarter of the machine stays free for everybody else. */
static long most_mib(void)
{
	return sysconf(_SC_AVPHYS_PAGES) / 256 * 3 / 4;
}

static void over_size(void)
{
	static const long sizes_mib[] = {1, 64, 512, 1024, 2048, 4096, 8192};
	for (size_t i = 0; i < sizeof sizes_mib / sizeof sizes_mib[0]; i++) {
		long mib = sizes_mib[i];
		if (mib > most_mib() || (quick && mib > 1024)) {
			fprintf(stderr, "resident_mib %ld: not measured\n", mib);
			continue;
		}
		size_t bytes = (size_t)mib << 20;
		void *memory = bench_fill(bytes);
		measure("resident_mib", mib, quick ? 300 : 2000);
		measure_fork("resident_mib", mib, mib > 256 ? 11 : 101);
		munmap(memory, bytes);
	}
}

/* Opens descriptors until there are so many, or as many as the limit allows. */
static int open_until(int count)
{
	struct rlimit limit;
	int fd, n = 3;
	getrlimit(RLIMIT_NOFILE, &limit);
	while (n < count && n < (int)limit.rlim_cur - 8 &&
		(fd = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0)
		n = fd + 1;
	return n;
}

/*
 * ss_spawn by itself with few and with many descriptors, in turns. The other ways copy 20,000
 * descriptors each time, and would fill the processor's caches. Each count has a thread with a
 * descriptor table of its own.
 */
static struct turns {
	pthread_t thread;
	sem_t go, done;
	int descriptors, rounds;
	double (*take)(void); /* microseconds */
	double *times;
} turns[2];

static double take_whole(void)
{
	double start = bench_now_us();
	by_ss_spawn();
	double took = bench_now_us() - start;
	release();
	return took;
}

static double take_call_with_pipe(void)
{
	double start = bench_now_us();
	bench_need(ss_spawn(&child, program, SS_OPTIONS(.out = SS_PIPE)) == 0, "ss_spawn");
	double took = bench_now_us() - start;
	bench_need(ss_wait(&child, NULL, -1) == 0, "ss_wait");
	release();
	return took;
}

static void *take_turns(void *arg)
{
	struct turns *mine = arg;
	bench_need(unshare(CLONE_FILES) == 0, "unshare");
	mine->descriptors = open_until(mine->descriptors);
	sem_post(&mine->done);
	for (int round = 0; round < mine->rounds; round++) {
		sem_wait(&mine->go);
		mine->take(); /* a warm-up, because the other one has had its turn */
		mine->times[round] = mine->take();
		sem_post(&mine->done);
	}
	return NULL;
}

static void measure_turns(const char *name, double (*take)(void), int rounds)
{
	static const int counts[] = {10, 20000};
	const struct bench_way way = {name, NULL, NULL};
	double base = 0;
	for (int i = 0; i < 2; i++) {
		turns[i].descriptors = counts[i];
		turns[i].take = take;
		turns[i].rounds = rounds;
		turns[i].times = calloc((size_t)rounds, sizeof(double));
		bench_need(turns[i].times != NULL, "calloc");
		sem_init(&turns[i].go, 0, 0);
		sem_init(&turns[i].done, 0, 0);
		bench_need(pthread_create(&turns[i].thread, NULL, take_turns, &turns[i]) == 0,
			"pthread_create");
		sem_wait(&turns[i].done);
	}
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < 2; i++) {
			sem_post(&turns[i].go);
			sem_wait(&turns[i].done);
		}
	for (int i = 0; i < 2; i++) {
		pthread_join(turns[i].thread, NULL);
		struct bench_result result = bench_summary(turns[i].times, rounds, base);
		bench_print("descriptors", turns[i].descriptors, &way, 1, &result, json);
		base = base > 0 ? base : result.median_us;
		free(turns[i].times);
	}
}

static void over_descriptors(void)
{
	static const int counts[] = {10, 1000, 20000};
	struct rlimit old, limit = {20100, 20100};
	getrlimit(RLIMIT_NOFILE, &old);
	if (limit.rlim_max < old.rlim_max)
		limit.rlim_max = old.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fprintf(stderr, "RLIMIT_NOFILE stays %ld\n", (long)old.rlim_cur);
	measure_turns("ss_spawn, in turns", take_whole, quick ? 500 : 3000);
	measure_turns("the call, with a pipe", take_call_with_pipe, quick ? 500 : 3000);
	int open_now = 3;
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		open_now = open_until(counts[i]);
		measure("descriptors", open_now, quick ? 200 : 1000);
	}
	for (int fd = 3; fd < open_now; fd++)
		close(fd);
}

static atomic_bool faulting;

static void *fault_pages(void *unused)
{
	size_t bytes = 16 << 20;
	while (faulting) {
		char *p = mmap(
			NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (size_t i = 0; p != MAP_FAILED && i < bytes && faulting; i += 4096)
			p[i] = 1;
		munmap(p, bytes);
	}
	return unused;
}

static int spawns_each;

static void spawn_one(const struct bench_way *way)
{
	way->run();
	if (way->after)
		way->after();
}

static void *spawn_many(void *way)
{
	for (int i = 0; i < spawns_each; i++)
		spawn_one(way);
	return NULL;
}

static double time_threads(const struct bench_way *way, int n)
{
	pthread_t threads[16];
	double start = bench_now_us();
	for (int i = 0; i < n; i++)
		bench_need(
			pthread_create(&threads[i], NULL, spawn_many, (void *)(uintptr_t)way) == 0,
			"pthread_create");
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return (bench_now_us() - start) / (n * spawns_each);
}

/* Microseconds a spawn, all threads together: the median of some runs. */
static void over_threads(void)
{
	enum { RUNS = 9 };
	pthread_t faulter;
	faulting = true;
	bench_need(pthread_create(&faulter, NULL, fault_pages, NULL) == 0, "pthread_create");
	for (int n = 1; n <= 16; n *= 2) {
		double times[N_WAYS][RUNS];
		struct bench_result results[N_WAYS];
		spawns_each = (quick ? 100 : 800) / n;
		for (int run = 0; run < RUNS; run++)
			for (size_t i = 0; i < N_WAYS; i++)
				times[i][run] = time_threads(&ways[i], n);
		for (size_t i = 0; i < N_WAYS; i++)
			results[i] = bench_summary(times[i], RUNS, i ? results[0].median_us : 0);
		bench_print("threads", n, ways, N_WAYS, results, json);
	}
	faulting = false;
	pthread_join(faulter, NULL);
}

int main(int argc, char **argv)
{
	int i = 1;
	for (; i < argc && argv[i][0] == '-'; i++) {
		json |= !strcmp(argv[i], "--json");
		quick |= !strcmp(argv[i], "--quick");
	}
	if (i != argc - 1) {
		fprintf(stderr, "usage: %s [--json] [--quick] PROGRAM\n", argv[0]);
		return 2;
	}
	program[0] = argv[i];
	if (!json)
		printf("%-14s %7s  %-22s %12s %12s %9s\n", "point", "value", "way", "median us",
			"p99 us", "ratio");
	over_size();
	over_descriptors();
	over_threads();
	return 0;
}
