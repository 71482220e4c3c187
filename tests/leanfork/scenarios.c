/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "forking.h"

extern char **environ;

int pipes[2];
atomic_int *shared, *readonly;

static int touch_block(void)
{
	size_t i = BLOCK_SIZE / 3;
	return block[i] == block_byte(i) ? 0 : 99;
}

static int just_ends(void)
{
	_exit(7 + touch_block());
}

static int writes_once(void)
{
	if (write(pipes[1], "x", 1) != 1)
		return 1;
	_exit(8 + touch_block());
}

static int writes_then_execs(void)
{
	return write(pipes[1], "yz", 2) == 2 ? 9 + touch_block() : 1;
}

int waits_for_parent(void)
{
	char c;
	close(pipes[1]);
	return read(pipes[0], &c, 1) == 1 && c == 'p' ? 10 : 1;
}

static int forks(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(11);
	return waitpid(pid, &status, 0) == pid ? code_of(status) + touch_block() : 1;
}

/* As a program that runs with the shim does. */
static int forks_leanly(void)
{
	int status;
	pid_t pid = fork_lean(LEAN_EAGER);
	if (pid == 0)
		_exit(write(pipes[1], "again", 5) == 5 ? 24 : 1);
	return waitpid(pid, &status, 0) == pid ? code_of(status) : 1;
}

static int rescues(void)
{
	int status;
	pid_t pid = fork_lean(LEAN_RESCUE);
	if (pid == 0)
		_exit(write(pipes[1], "again", 5) == 5 ? 25 : 1);
	return waitpid(pid, &status, 0) == pid ? code_of(status) : 1;
}

static int vforks(void)
{
	int status;
	pid_t pid = vfork();
	if (pid == 0)
		_exit(12);
	return waitpid(pid, &status, 0) == pid ? code_of(status) : 1;
}

static int spawns(void)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"exit 13"}, NULL};
	int status;
	pid_t pid;
	if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ))
		return 1;
	return waitpid(pid, &status, 0) == pid ? code_of(status) : 1;
}

static int uses_system(void)
{
	int status = system("exit 14");
	return code_of(status);
}

static void *in_thread(void *arg)
{
	*(int *)arg = 15 + touch_block();
	return NULL;
}

static int makes_a_thread(void)
{
	pthread_t thread;
	int got = 0;
	if (pthread_create(&thread, NULL, in_thread, &got))
		return 1;
	pthread_join(thread, NULL);
	return got;
}

/* Whatever the machine: the time is read without a system call. */
static void spin(long ms)
{
	struct timespec start, now;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
}

/* For some hundred milliseconds of processor time: by the clock it may get none on a busy machine. */
static int spins(void)
{
	for (volatile long i = 0; i < 300000000; i++)
		;
	return 16;
}

static void ignore_it(int sig)
{
	(void)sig;
}

/* exec deletes it, and what it had sent by then. */
static int has_a_timer(void)
{
	struct itimerspec soon = {.it_value = {0, 1000000}, .it_interval = {0, 1000000}}, now;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGVTALRM};
	timer_t timer, other;
	signal(SIGVTALRM, ignore_it);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) ||
		timer_create(CLOCK_MONOTONIC, NULL, &other) || timer_delete(other))
		return 1;
	if (timer_delete(other) != -1 || errno != EINVAL)
		return 2;
	if (timer_settime(timer, 0, &soon, NULL) || timer_gettime(timer, &now))
		return 3;
	spin(5);
	execl("/nonexistent/x", "x", NULL);
	if (timer_gettime(timer, &now) || now.it_interval.tv_nsec != 1000000)
		return 4;
	spin(5);
	return 31 + touch_block();
}

static int is_ended_by_a_timer(void)
{
	struct itimerspec soon = {.it_value = {0, 1000000}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	timer_t timer;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &soon, NULL))
		return 1;
	spin(20);
	return 2;
}

static int sleeps(void)
{
	nanosleep(&(struct timespec){0, 300000000}, NULL);
	return 17;
}

static int kills_itself(void)
{
	kill(getpid(), SIGKILL);
	return 1;
}

static int aborts(void)
{
	abort();
}

static int crashes(void)
{
	raise(SIGSEGV);
	return 1;
}

static int faults(void)
{
	volatile uintptr_t nowhere = 8;
	*(volatile int *)nowhere = 1;
	return 1;
}

static int divides_by_zero(void)
{
	volatile int five = 5, zero = 0;
#ifndef __x86_64__ /* where it is no error */
	raise(SIGFPE);
#endif
	return five / zero;
}

static sigjmp_buf caught;

static void jump_out(int sig)
{
	siglongjmp(caught, sig);
}

/* The handler finds the program's mask, too. */
static int catches(int sig, void (*raises)(void))
{
	sigset_t mask;
	struct sigaction action = {.sa_handler = jump_out};
	sigaction(sig, &action, NULL);
	int got = sigsetjmp(caught, 1);
	if (!got)
		raises();
	sigprocmask(SIG_SETMASK, NULL, &mask);
	return got == sig && !sigismember(&mask, SIGINT) ? 100 + sig : 1;
}

static void divide(void)
{
#ifdef __x86_64__
	__asm__ volatile("xor %%eax, %%eax; cltd; idivl %%eax" : : : "eax", "edx", "cc");
#else /* a division by zero is none */
	raise(SIGFPE);
#endif
}

static int catches_sigfpe(void)
{
	return catches(SIGFPE, divide);
}

static void trap(void)
{
#ifdef __x86_64__
	__asm__ volatile("int3");
#else
	__asm__ volatile("brk #0");
#endif
}

static int catches_sigtrap(void)
{
	return catches(SIGTRAP, trap);
}

static void run_nonsense(void)
{
#ifdef __x86_64__
	__asm__ volatile("ud2");
#else
	__asm__ volatile("udf #0");
#endif
}

static int catches_sigill(void)
{
	return catches(SIGILL, run_nonsense);
}

static void read_beyond_the_file(void)
{
	volatile char *at = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 9, 0);
	(void)at[4096];
}

static int catches_sigbus(void)
{
	return catches(SIGBUS, read_beyond_the_file);
}

static int runs_into_a_hole(void)
{
	mprotect(block + 8192, 4096, PROT_NONE);
	return *(volatile unsigned char *)(block + 8192);
}

static int adds_to_shared_memory(void)
{
	atomic_fetch_add(shared, 1);
	return 18;
}

/* By mappings of its own of the file, descriptor 8, of which the parent has one too. */
static int adds_by_a_mapping_of_its_own(void)
{
	atomic_int *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 8, 0);
	if (own == MAP_FAILED)
		return 1;
	atomic_fetch_add(own, 1);
	return 32;
}

static int adds_by_opening_it_again(void)
{
	int fd = open("/proc/self/fd/8", O_RDWR);
	atomic_int *own = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (own == MAP_FAILED || mprotect(own, 4096, PROT_READ | PROT_WRITE))
		return 1;
	atomic_fetch_add(own, 1);
	return 33;
}

static int makes_shared_memory_writable(void)
{
	if (mprotect(shared, 4096, PROT_READ | PROT_WRITE))
		return 1;
	atomic_fetch_add(shared, 1);
	return 34;
}

static int makes_a_read_only_mapping_writable(void)
{
	if (mprotect(readonly, 4096, PROT_READ | PROT_WRITE))
		return 1;
	atomic_fetch_add(readonly, 1);
	return 35;
}

static int moves_shared_memory(void)
{
	atomic_int *moved = mremap(shared, 4096, 8192, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED || mprotect(moved, 4096, PROT_READ | PROT_WRITE))
		return 1;
	atomic_fetch_add(moved, 1);
	return 36;
}

static int punches_a_hole(void)
{
	if (madvise(shared, 4096, MADV_REMOVE))
		return 1;
	atomic_fetch_add(shared, 1);
	return 37;
}

static int maps_a_file_to_read(void)
{
	int fd = open("/proc/self/fd/8", O_RDONLY);
	atomic_int *own = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (own == MAP_FAILED)
		return 1;
	return atomic_load(own) == 0 ? 38 : 2;
}

static int shares_memory_with_nobody(void)
{
	atomic_int *own =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (own == MAP_FAILED)
		return 1;
	return atomic_fetch_add(own, 39) + atomic_load(own);
}

static int reads_shared_memory(void)
{
	return atomic_load(shared) == 0 ? 19 : 1;
}

static int makes_exclusively(void)
{
	char path[64];
	snprintf(path, sizeof path, "/tmp/leanfork-%d", (int)getppid());
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);
	unlink(path);
	return fd < 0 ? 1 : 20;
}

static int moves_shared_offset(void)
{
	char c;
	int fd = 9;
	return read(fd, &c, 1) == 1 && c == 'a' ? 21 : 1;
}

static int alarmed(void)
{
	struct itimerval soon = {{0, 0}, {0, 1000}};
	setitimer(ITIMER_REAL, &soon, NULL);
	for (volatile int i = 0; i < 20000000; i++)
		;
	return 1;
}

static int talks(void)
{
	int pair[2];
	char c;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || write(pair[0], "s", 1) != 1)
		return 1;
	return read(pair[1], &c, 1) == 1 ? 22 : 1;
}

static int broken_pipe(void)
{
	int own[2];
	return pipe(own) || close(own[0]) ? -1 : own[1];
}

static int writes_to_a_broken_pipe(void)
{
	return write(broken_pipe(), "x", 1) == -1 ? 1 : 2;
}

static volatile sig_atomic_t pipe_signals;

static void count_pipe_signals(int sig)
{
	(void)sig;
	pipe_signals++;
}

static int catches_sigpipe(void)
{
	signal(SIGPIPE, count_pipe_signals);
	if (write(broken_pipe(), "x", 1) != -1 || errno != EPIPE)
		return 1;
	return 50 + pipe_signals;
}

static int ignores_sigpipe(void)
{
	signal(SIGPIPE, SIG_IGN);
	return write(broken_pipe(), "x", 1) == -1 && errno == EPIPE ? 53 : 1;
}

static int exceeds_a_limit(void)
{
	struct rlimit limit = {10, 10};
	char path[64];
	setrlimit(RLIMIT_FSIZE, &limit);
	snprintf(path, sizeof path, "/tmp/leanfork-%d", (int)getppid());
	int fd = open(path, O_CREAT | O_RDWR, 0600);
	unlink(path);
	return write(fd, path, 10) == 10 && write(fd, path, 10) == -1 ? 1 : 2;
}

static int uses_own_pipe(void)
{
	int own[2];
	char c = 0;
	if (pipe(own) || write(own[1], "q", 1) != 1 || read(own[0], &c, 1) != 1)
		return 1;
	return c == 'q' ? 23 : 2;
}

static int waits_on_own_pipe(void)
{
	int own[2];
	struct itimerval soon = {{0, 0}, {0, 400000}};
	char c;
	setitimer(ITIMER_REAL, &soon, NULL);
	return pipe(own) || read(own[0], &c, 1);
}

const struct scenario scenarios[] = {
	{"just ends", just_ends, true},
	{"writes once", writes_once, true},
	{"writes, then execs", writes_then_execs, true},
	{"waits for its parent", waits_for_parent, true},
	{"forks", forks, true},
	{"forks leanly", forks_leanly, true},
	{"rescues", rescues, true},
	{"vforks", vforks, true},
	{"spawns", spawns, true},
	{"system", uses_system, true},
	{"makes a thread", makes_a_thread, true},
	{"spins", spins, true},
	{"sleeps", sleeps, true},
	{"has a timer", has_a_timer, false},
	{"is ended by a timer", is_ended_by_a_timer, true},
	{"kills itself", kills_itself, true},
	{"aborts", aborts, true},
	{"crashes", crashes, true},
	{"faults", faults, true},
	{"divides by zero", divides_by_zero, true},
	{"catches SIGFPE", catches_sigfpe, true},
	{"catches SIGTRAP", catches_sigtrap, true},
	{"catches SIGILL", catches_sigill, true},
	{"catches SIGBUS", catches_sigbus, true},
	{"runs into a hole", runs_into_a_hole, true},
	{"adds to shared memory", adds_to_shared_memory, true},
	{"adds by a mapping of its own", adds_by_a_mapping_of_its_own, true},
	{"adds by opening the file again", adds_by_opening_it_again, true},
	{"makes shared memory writable", makes_shared_memory_writable, true},
	{"makes a read-only mapping writable", makes_a_read_only_mapping_writable, true},
	{"moves shared memory", moves_shared_memory, true},
	{"punches a hole", punches_a_hole, true},
	{"maps a file to read it", maps_a_file_to_read, false},
	{"shares memory with nobody", shares_memory_with_nobody, false},
	{"reads shared memory", reads_shared_memory, false},
	{"makes a file exclusively", makes_exclusively, true},
	{"moves a shared offset", moves_shared_offset, true},
	{"is alarmed", alarmed, true},
	{"talks", talks, true},
	{"writes to a broken pipe", writes_to_a_broken_pipe, true},
	{"catches SIGPIPE", catches_sigpipe, true},
	{"ignores SIGPIPE", ignores_sigpipe, false},
	{"exceeds a limit", exceeds_a_limit, true},
	{"uses a pipe of its own", uses_own_pipe, false},
	{"waits on a pipe of its own", waits_on_own_pipe, true},
};

const size_t n_scenarios = sizeof scenarios / sizeof scenarios[0];
