/* SPDX-License-Identifier: MIT */
/* Work with other processes and threads, the parent among them. */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define WORK(name)                                                                                 \
	static void name(__attribute__((unused)) const struct program *p,                          \
		__attribute__((unused)) const struct step *s)

static void note_wait(pid_t pid)
{
	int status = -1;
	pid_t got;
	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	note("waitpid %s %x", got == pid ? "it" : strerrorname_np(errno), (unsigned)status);
}

WORK(forks)
{
	pid_t pid = fork_again();
	if (pid == 0) {
		unsigned faults = 0;
		uint64_t hash = look_at_slot(p, s->a % p->n_slots, &faults);
		_exit((int)(hash % 50 + faults));
	}
	note("fork %s", pid > 0 ? "fine" : strerrorname_np(errno));
	if (pid > 0)
		note_wait(pid);
}

WORK(forks_and_execs)
{
	pid_t pid = fork_again();
	if (pid == 0) {
		if (log_now != &common->log)
			log_empty();
		exec_victim("grandchild");
	}
	note("fork %s", pid > 0 ? "fine" : strerrorname_np(errno));
	if (pid > 0)
		note_wait(pid);
}

/* By the bare call, as a program without libc's fork does. */
WORK(clones)
{
	long pid =
		is_refused() ? fork_again() : syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		syscall(SYS_exit_group, (int)(s->a % 100));
	note("clone %s", pid > 0 ? "fine" : strerrorname_np(errno));
	if (pid > 0)
		note_wait((pid_t)pid);
}

WORK(vforks)
{
	static volatile int written;
	char *at = some_page(p, s->a, s->b);
	uint64_t word = 0;
	written = 0;
	pid_t pid = vfork();
	if (pid == 0) {
		written = 9;
		_exit(poke(at, s->c) ? 3 : 4);
	}
	note("vfork %s %d", pid > 0 ? "fine" : strerrorname_np(errno), written);
	if (pid > 0)
		note_wait(pid);
	peek(at, &word);
	note("%llx", (unsigned long long)word);
}

WORK(spawns)
{
	char *argv[4], *env[4];
	pid_t pid = 0;
	victim_argv(argv, env, "spawned");
	int error = posix_spawn(&pid, settings.victim, NULL, NULL, argv, env);
	note("posix_spawn %d", error);
	if (!error)
		note_wait(pid);
}

WORK(uses_a_shell)
{
	int status = system(s->a & 1 ? "exit 5" : "echo from a shell >>append");
	note("system %x", (unsigned)status);
}

static void *in_thread(void *arg)
{
	const struct program *p = arg;
	unsigned faults = 0;
	uint64_t hash = look_at_slot(p, 0, &faults);
	return (void *)(uintptr_t)(hash + faults);
}

WORK(makes_a_thread)
{
	pthread_t thread;
	void *got = NULL;
	int error = pthread_create(&thread, NULL, in_thread, (void *)(uintptr_t)p);
	if (!error)
		pthread_join(thread, &got); /* a fault in it may end all */
	note("pthread_create %d, %llx", error, (unsigned long long)(uintptr_t)got);
}

WORK(waits_for_nobody)
{
	int status;
	note_result("waitpid", waitpid(-1, &status, s->a & 1 ? WNOHANG : 0));
	note_result("waitid", waitid(P_ALL, 0, NULL, WEXITED));
}

static void ask(char what)
{
	char answer = 0;
	note_result("ask", write(FD_ASK_OUT, &what, 1));
	struct pollfd fd = {.fd = FD_REPLY_IN, .events = POLLIN};
	int ready;
	do
		ready = poll(&fd, 1, 3000);
	while (ready < 0 && errno == EINTR);
	note_result("reply", ready == 1 ? read(FD_REPLY_IN, &answer, 1) : -2);
	note("%d", answer);
}

WORK(asks_parent)
{
	ask('p');
}

/* The parent's memory is its own from the fork on. */
WORK(asks_parent_to_write)
{
	ask('w');
	for (size_t i = 0; i < p->n_slots; i++) {
		unsigned faults = 0;
		uint64_t hash = look(slot_start(i), 2 * PAGE_SIZE, &faults);
		note("%llx, %u faults", (unsigned long long)hash, faults);
	}
}

WORK(asks_parent_to_unmap)
{
	unsigned faults = 0;
	ask('u');
	uint64_t hash = look_at_slot(p, p->n_slots - 1, &faults);
	note("%llx, %u faults", (unsigned long long)hash, faults);
}

WORK(talks_to_parent_in_shared_memory)
{
	uint32_t before = __atomic_fetch_add(&common->counter, 1 + s->a % 9, __ATOMIC_SEQ_CST);
	common->words[s->b % 1024] = s->c;
	note("%u", before);
}

WORK(maps_shared_memory)
{
	char *at = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		s->a & 1 ? FD_SHARED : FD_DATA, 0);
	note("%s", at == MAP_FAILED ? strerrorname_np(errno) : "");
	if (at == MAP_FAILED)
		return;
	at[s->b % 8192]++;
	note("%d", at[s->b % 8192]);
	if (s->c & 1)
		munmap(at, 2 * PAGE_SIZE);
}

WORK(wakes_parent)
{
	__atomic_store_n(&common->futex, 1, __ATOMIC_SEQ_CST);
	long woken = syscall(SYS_futex, &common->futex, FUTEX_WAKE, 1, NULL, NULL, 0);
	note("%d", woken < 0);
}

WORK(locks_robustly)
{
	pthread_mutex_t *mutex = (pthread_mutex_t *)(void *)common->robust;
	int error = pthread_mutex_trylock(mutex);
	note("trylock %d", error);
	if (error == 0 && s->a & 1)
		note("unlock %d", pthread_mutex_unlock(mutex));
}

WORK(sleeps)
{
	struct timespec shortly = {0, 100000 + s->a % 1000000};
	note_result("nanosleep", nanosleep(&shortly, NULL));
}

WORK(spins)
{
	spin_us(s->a % 4 ? 300 : 60000);
}

WORK(yields)
{
	note_result("sched_yield", sched_yield());
}

const struct work work_on_processes[] = {
	{"forks", forks, 5, 0},
	{"forks_and_execs", forks_and_execs, 4, 0},
	{"clones", clones, 3, 0},
	{"vforks", vforks, 5, 0},
	{"spawns", spawns, 4, 0},
	{"uses_a_shell", uses_a_shell, 1, WORK_MALLOCS},
	{"makes_a_thread", makes_a_thread, 4, WORK_MALLOCS},
	{"waits_for_nobody", waits_for_nobody, 3, 0},
	{"asks_parent", asks_parent, 5, 0},
	{"asks_parent_to_write", asks_parent_to_write, 5, 0},
	{"asks_parent_to_unmap", asks_parent_to_unmap, 4, 0},
	{"talks_to_parent_in_shared_memory", talks_to_parent_in_shared_memory, 5, 0},
	{"maps_shared_memory", maps_shared_memory, 5, 0},
	{"wakes_parent", wakes_parent, 3, 0},
	{"locks_robustly", locks_robustly, 4, 0},
	{"sleeps", sleeps, 4, 0},
	{"spins", spins, 2, 0},
	{"yields", yields, 3, 0},
	{NULL, NULL, 0, WORK_LAST},
};
