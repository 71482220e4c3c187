/* SPDX-License-Identifier: MIT */
/*
 * spawn_storm SPAWNS THREADS PROGRAM: spawns in all threads, while others map memory, fork, open
 * descriptors and send signals to the threads. Half of the handlers leave the spawn by siglongjmp. Says
 * what is lost: a spawn that never returns (a watchdog), descriptors, memory, blocks of the pool. Exit
 * status 0: nothing. 77: in valgrind.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <safespawn.h>
#include "pool.h"

enum { MOST_THREADS = 64, STUCK_S = 60 };

static struct worker {
	pthread_t thread;
	atomic_long spawns;
} workers[MOST_THREADS];

static char *program[2];
static long spawns_each;
static int n_threads;
static atomic_long left_by_jump, signals_sent, failures, spawned;
static atomic_bool done;

static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t may_jump;
static __thread volatile unsigned random_state;

static unsigned next_random(void)
{
	random_state = random_state * 1103515245 + 12345;
	return random_state >> 16;
}

static void on_signal(int sig)
{
	(void)sig;
	if (may_jump && next_random() % 2) {
		may_jump = 0;
		left_by_jump++;
		siglongjmp(back, 1);
	}
}

/* After a jump the struct is as it was, or complete. */
static void spawn_one(const struct ss_options *options)
{
	static __thread struct ss_child child;
	memset(&child, 0, sizeof child);
	if (sigsetjmp(back, 1)) {
		ss_release(&child);
		return;
	}
	may_jump = 1;
	int result = ss_spawn(&child, program, options);
	may_jump = 0;
	if (result) {
		fprintf(stderr, "ss_spawn: %s\n", strerror(errno));
		failures++;
		return;
	}
	spawned++;
	while (ss_wait(&child, NULL, -1) < 0 && errno == EINTR)
		;
	ss_release(&child);
}

static void block_signal(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *spawn_many(void *arg)
{
	struct worker *w = arg;
	random_state = (unsigned)(w - workers) + 1;
	while (w->spawns < spawns_each) {
		spawn_one(w->spawns % 8 == 7 ? SS_OPTIONS(.out = SS_PIPE, .in = SS_NULL) : NULL);
		w->spawns++;
	}
	/* From the same depth: what has been left there is found by these. */
	block_signal();
	for (int i = 0; i < 64; i++)
		spawn_one(NULL);
	return NULL;
}

static void *disturb_memory(void *unused)
{
	block_signal();
	while (!done) {
		size_t size = 1 << 20;
		char *p = mmap(
			NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (size_t i = 0; p != MAP_FAILED && i < size; i += 4096)
			p[i] = 1;
		munmap(p, size);
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		usleep(200);
		close(fd);
	}
	return unused;
}

static void *disturb_by_forks(void *unused)
{
	block_signal();
	while (!done) {
		struct ss_child child;
		pid_t pid = fork();
		if (pid == 0) {
			alarm(STUCK_S);
			if (ss_spawn(&child, program, NULL) || ss_wait(&child, NULL, -1))
				_exit(1);
			_exit(0);
		}
		int status = 0;
		if (pid > 0 && waitpid(pid, &status, 0) == pid && status)
			failures++;
		usleep(2000);
	}
	return unused;
}

static void *disturb_by_signals(void *unused)
{
	block_signal();
	while (!done) {
		for (int i = 0; i < n_threads; i++) {
			pthread_kill(workers[i].thread, SIGUSR1);
			signals_sent++;
		}
		usleep(100);
	}
	return unused;
}

/* A thread that makes no progress hangs. */
static void *watch(void *unused)
{
	long before[MOST_THREADS] = {0};
	int still[MOST_THREADS] = {0};
	block_signal();
	while (!done) {
		sleep(1);
		for (int i = 0; i < n_threads; i++) {
			long now = workers[i].spawns;
			still[i] = now == before[i] && now < spawns_each ? still[i] + 1 : 0;
			before[i] = now;
			if (still[i] > STUCK_S) {
				printf("thread %d is stuck after %ld spawns\n", i, now);
				fflush(stdout);
				abort();
			}
		}
	}
	return unused;
}

static int count_descriptors(void)
{
	int n = 0;
	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static long resident_kib(void)
{
	long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (f && fscanf(f, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Of those that have been left nobody else knows. */
static void reap_rest(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* Nobody else waits for those that have been left. */
static void *reap_all(void *unused)
{
	block_signal();
	while (!done)
		if (waitpid(-1, NULL, WNOHANG) <= 0)
			usleep(1000);
	return unused;
}

static void run_storm(long each)
{
	pthread_t others[5];
	void *(*const run[])(void *) = {
		disturb_memory, disturb_by_forks, disturb_by_signals, watch, reap_all};
	done = false;
	spawns_each = each;
	for (int i = 0; i < n_threads; i++) {
		workers[i].spawns = 0;
		pthread_create(&workers[i].thread, NULL, spawn_many, &workers[i]);
	}
	for (int i = 0; i < 5; i++)
		pthread_create(&others[i], NULL, run[i], NULL);
	for (int i = 0; i < n_threads; i++)
		while (workers[i].spawns < each)
			usleep(1000);
	done = true;
	for (int i = 0; i < 5; i++)
		pthread_join(others[i], NULL);
	for (int i = 0; i < n_threads; i++)
		pthread_join(workers[i].thread, NULL);
	reap_rest();
	block_signal();
	for (int i = 0; i < 64; i++)
		spawn_one(NULL);
}

/* It reports each look at the stack of a caller that has left. */
static bool in_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");
	return preload && strstr(preload, "vgpreload");
}

int main(int argc, char **argv)
{
	if (in_valgrind()) {
		puts("valgrind reports what is looked at of a caller that has left.");
		return 77;
	}
	if (argc != 4) {
		fprintf(stderr, "usage: %s SPAWNS THREADS PROGRAM\n", argv[0]);
		return 2;
	}
	const long spawns = atol(argv[1]);
	n_threads = atoi(argv[2]);
	program[0] = argv[3];
	if (n_threads < 1 || n_threads > MOST_THREADS)
		return 2;
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_RESTART},
		NULL);
	run_storm(spawns / n_threads / 10);
	int descriptors = count_descriptors();
	long kib = resident_kib();
	struct pool before = pool_look();
	sigset_t none;
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	run_storm(spawns / n_threads);
	int more = count_descriptors() - descriptors;
	long more_kib = resident_kib() - kib;
	struct pool pool = pool_look();
	/* As many as there were children at once before their exec. They stay. */
	const int grown_kib = pool.kib - before.kib;
	printf("%ld spawned, %ld left by siglongjmp, %ld signals, %ld failed; descriptors %+d, "
	       "resident %ld KiB %+ld; pool: %d blocks %+d, %d not free\n",
		(long)spawned, (long)left_by_jump, (long)signals_sent, (long)failures, more, kib,
		more_kib, before.blocks, pool.blocks - before.blocks, pool.used);
	return failures != 0 || more > 0 || more_kib > 2048 + grown_kib || pool.used != 0;
}
