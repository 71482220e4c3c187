/* SPDX-License-Identifier: MIT */
/*
 * A lean child that turns out not to be one for exec is thrown away, and the program notices
 * nothing: every case is run natively too, and must look the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forking.h"
#include "preload/leanfork/gate.h"
#include "scenarios.h"

static volatile sig_atomic_t sigchlds;

static void on_sigchld(int sig)
{
	(void)sig;
	sigchlds++;
}

/* All that a program can see of a scenario. */
struct seen {
	int status, wrote, sigchlds, shared, others, flags;
	off_t offset;
	char text[16];
};

static pid_t by(const char *how)
{
	if (!strcmp(how, "native"))
		return fork();
	return fork_lean(!strcmp(how, "eager") ? LEAN_EAGER : LEAN_RESCUE);
}

/* cmocka has handlers for these. */
static void crash_plainly(void)
{
	static const int signals[] = {SIGSEGV, SIGFPE, SIGABRT, SIGBUS, SIGILL};
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		signal(signals[i], SIG_DFL);
}

static struct seen run(const struct scenario *scenario, const char *how)
{
	struct seen seen;
	memset(&seen, 0, sizeof seen);
	atomic_store(shared, 0);
	sigchlds = 0;
	assert_int_equal(pipe(pipes), 0);
	lseek(9, 0, SEEK_SET);

	pid_t pid = by(how);
	if (pid == 0) {
		crash_plainly();
		exec_exit(scenario->run());
	}
	assert_true(pid > 0);
	if (scenario->run == waits_for_parent)
		assert_int_equal(write(pipes[1], "p", 1), 1);
	while (waitpid(-1, &seen.status, 0) != pid)
		assert_int_equal(errno, EINTR);
	close(pipes[1]);
	seen.flags = fcntl(pipes[0], F_GETFL);
	seen.wrote = (int)read(pipes[0], seen.text, sizeof seen.text);
	close(pipes[0]);
	seen.sigchlds = sigchlds;
	seen.shared = atomic_load(shared);
	seen.offset = lseek(9, 0, SEEK_CUR);
	seen.others = waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD ? 0 : 1;
	if (WIFSIGNALED(seen.status))
		seen.status &= ~0x80; /* whether there was a core */
	return seen;
}

static int compare(const struct scenario *scenario, const char *how)
{
	struct seen native = run(scenario, "native");
	struct seen lean = run(scenario, how);
	if (!memcmp(&native, &lean, sizeof native))
		return 0;
	print_error("%s, %s: status %#x, not %#x; wrote %d, not %d; SIGCHLD %d, not %d; "
		    "shared %d, not %d; offset %d, not %d; flags %#x, not %#x; other children %d\n",
		scenario->name, how, (unsigned)lean.status, (unsigned)native.status, lean.wrote,
		native.wrote, lean.sigchlds, native.sigchlds, lean.shared, native.shared,
		(int)lean.offset, (int)native.offset, (unsigned)lean.flags, (unsigned)native.flags,
		lean.others);
	return 1;
}

static void with_sigchld_counted(int (*all)(void))
{
	struct sigaction action = {.sa_handler = on_sigchld}, before;
	sigaction(SIGCHLD, &action, &before);
	int bad = all();
	sigaction(SIGCHLD, &before, NULL);
	assert_int_equal(bad, 0);
}

static int compare_eagerly(const struct scenario *scenario)
{
	int bad = compare(scenario, "eager");
	if ((last.outcome == LEAN_RESTARTED) == scenario->restarts)
		return bad;
	print_error("%s: outcome %d, reason %d, call %d\n", scenario->name, (int)last.outcome,
		(int)last.reason, (int)last.call);
	return bad + 1;
}

static int compare_in_rescue(const struct scenario *scenario)
{
	return compare(scenario, "rescue") + (last.outcome != LEAN_DONE);
}

static int all_by(int (*compare_by)(const struct scenario *scenario))
{
	int bad = 0;
	for (size_t i = 0; i < n_scenarios; i++)
		bad += compare_by(&scenarios[i]);
	for (size_t i = 0; i < n_call_scenarios; i++)
		bad += compare_by(&call_scenarios[i]);
	return bad;
}

static int all_eagerly(void)
{
	return all_by(compare_eagerly);
}

static int all_in_rescue(void)
{
	return all_by(compare_in_rescue);
}

static void eager_looks_like_native(void **state)
{
	(void)state;
	with_sigchld_counted(all_eagerly);
}

static void rescue_looks_like_native(void **state)
{
	(void)state;
	with_sigchld_counted(all_in_rescue);
}

static int exits_3(void *arg)
{
	(void)arg;
	return 3;
}

static int writes_nowhere(void *arg)
{
	(void)arg;
	if (write(-1, "x", 1) != -1 || errno != EBADF || read(-1, &(char){0}, 1) != -1)
		return 1;
	return lean_is_child() ? 4 : 2;
}

static void no_descriptor_is_worth_a_wait(void **state)
{
	(void)state;
	assert_int_equal(run_lean(LEAN_RESCUE, writes_nowhere, NULL), 4 << 8);
}

static int asks_for_its_mask(void *arg)
{
	return syscall(SYS_rt_sigprocmask, 0, NULL, arg, 8) == -1 && errno == EFAULT &&
			       lean_is_child()
		       ? 4
		       : 1;
}

static void a_rescued_child_goes_on_after_a_bad_address(void **state)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)state;
	assert_int_equal(run_lean(LEAN_RESCUE, asks_for_its_mask, page), 4 << 8);
	munmap(page, 4096);
}

/* Then nobody reaps, and there is no status to tell exec from death by. */
static void sigchld_ignored(void **state)
{
	struct sigaction action = {.sa_handler = SIG_IGN}, before;
	(void)state;
	sigaction(SIGCHLD, &action, &before);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(run_lean(LEAN_EAGER, exits_3, NULL), -1);
		assert_int_equal(last.outcome, LEAN_DONE);
	}
	pid_t pid = fork_lean(LEAN_EAGER);
	if (pid == 0)
		_exit(4);
	assert_int_equal(waitpid(pid, NULL, 0), -1);
	assert_int_equal(last.outcome, LEAN_RESTARTED);
	sigaction(SIGCHLD, &before, NULL);
}

/* What is in a stream's buffer at the fork: the parent's to write, once. */
static void buffers_are_not_flushed_twice(void **state)
{
	char text[64] = "";
	FILE *file = tmpfile();
	(void)state;
	fputs("once", file);
	assert_int_equal(run_lean(LEAN_EAGER, exits_3, NULL), 3 << 8);
	assert_int_equal(run_lean(LEAN_RESCUE, exits_3, NULL), 3 << 8);
	fflush(file);
	rewind(file);
	assert_int_equal(fread(text, 1, sizeof text, file), 4);
	assert_string_equal(text, "once");
	fclose(file);
}

static void robust_mutexes_stay_the_parents(void **state)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t *mutex = (pthread_mutex_t *)(void *)(block + 65536 * 20);
	unsigned char saved[sizeof *mutex];
	(void)state;
	memcpy(saved, mutex, sizeof saved);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	assert_int_equal(pthread_mutex_init(mutex, &attr), 0);
	assert_int_equal(pthread_mutex_lock(mutex), 0);
	assert_int_equal(run_lean(LEAN_EAGER, exits_3, NULL), 3 << 8);
	assert_int_equal(run_lean(LEAN_RESCUE, exits_3, NULL), 3 << 8);
	assert_int_equal(pthread_mutex_unlock(mutex), 0);
	assert_int_equal(pthread_mutex_lock(mutex), 0);
	assert_int_equal(pthread_mutex_unlock(mutex), 0);
	pthread_mutex_destroy(mutex);
	memcpy(mutex, saved, sizeof saved);
}

static pthread_mutex_t *shared_mutex;

static int locks_and_ends(void *arg)
{
	(void)arg;
	if (pthread_mutex_lock(shared_mutex) || !lean_is_child())
		return 1;
	_exit(3);
}

static int locks_and_execs(void *arg)
{
	(void)arg;
	return pthread_mutex_lock(shared_mutex) || !lean_is_child() ? 1 : 3;
}

static int locks_and_is_killed(void *arg)
{
	(void)arg;
	if (pthread_mutex_lock(shared_mutex) == 0)
		gate2(SYS_kill, getpid(), SIGKILL);
	return 1;
}

static void robust_mutexes_of_a_rescued_child(void **state)
{
	static int (*const bodies[])(void *) = {
		locks_and_ends, locks_and_execs, locks_and_is_killed};
	pthread_mutexattr_t attr;
	(void)state;
	shared_mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_mutex_init(shared_mutex, &attr), 0);
		assert_int_equal(run_lean(LEAN_RESCUE, bodies[i], NULL), i == 2 ? SIGKILL : 3 << 8);
		assert_int_equal(last.outcome, LEAN_DONE);
		assert_int_equal(pthread_mutex_trylock(shared_mutex), EOWNERDEAD);
		assert_int_equal(pthread_mutex_consistent(shared_mutex), 0);
		assert_int_equal(pthread_mutex_unlock(shared_mutex), 0);
		assert_int_equal(pthread_mutex_destroy(shared_mutex), 0);
	}
	munmap(shared_mutex, 4096);
}

static int stumbles;
static bool spins_for_ever;
static volatile char *volatile nowhere;

/* As libc's half of fork in the child, when another thread has changed what it walks along. */
static pid_t stumbling_fork(void)
{
	pid_t pid = fork();
	if (pid != 0 || atomic_fetch_add(shared, 1) >= stumbles)
		return pid;
	while (spins_for_ever)
		;
	*nowhere = 1;
	return pid;
}

/* Returns the wait status. */
static int after_stumbling(int times, bool spinning)
{
	struct lean_options options = {.kind = LEAN_RESCUE,
		.least_total = 1,
		.least_range = 65536,
		.limit_ms = limit_ms,
		.libc_fork = stumbling_fork};
	int status = -1;
	stumbles = times;
	spins_for_ever = spinning;
	atomic_store(shared, 0);
	pid_t pid = lean_fork(&options, &last);
	if (pid == 0) {
		crash_plainly();
		exec_exit(block[99] == block_byte(99) ? 41 : 1);
	}
	assert_int_equal(waitpid(-1, &status, 0), pid);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	return status;
}

static void a_rescued_child_that_libc_lets_stumble(void **state)
{
	(void)state;
	for (int spinning = 0; spinning < 2; spinning++) {
		assert_int_equal(after_stumbling(3, spinning), 41 << 8);
		assert_int_equal(last.outcome, LEAN_DONE);
		assert_int_equal(atomic_load(shared), 4);
	}
	signal(SIGSEGV, SIG_DFL);
	assert_int_equal(after_stumbling(1000, false) & 0x7f, SIGSEGV);
}

/* As when the kernel finds no memory for a stack. */
static pid_t dying_fork(void)
{
	pid_t pid = fork();
	if (pid == 0 && atomic_fetch_add(shared, 1) < stumbles)
		gate2(SYS_kill, getpid(), SIGKILL);
	return pid;
}

static pid_t rescue_dying(int times)
{
	struct lean_options options = {.kind = LEAN_RESCUE,
		.least_total = 1,
		.least_range = 65536,
		.limit_ms = limit_ms,
		.libc_fork = dying_fork};
	stumbles = times;
	atomic_store(shared, 0);
	return lean_fork(&options, &last);
}

static void fork_that_fails(void)
{
	assert_int_equal(rescue_dying(1000), -1);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(last.outcome, LEAN_FAILED);
}

static void a_rescued_child_that_dies_in_libc(void **state)
{
	int status;
	(void)state;
	pid_t pid = rescue_dying(3);
	if (pid == 0)
		exec_exit(block[99] == block_byte(99) ? 41 : 1);
	assert_int_equal(waitpid(-1, &status, 0), pid);
	assert_int_equal(status, 41 << 8);
	assert_int_equal(last.outcome, LEAN_DONE);
	fork_that_fails();
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
}

static void no_sigchld_of_a_rescue_that_fails(void **state)
{
	struct sigaction action = {.sa_handler = on_sigchld}, before;
	sigset_t set, mask;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaction(SIGCHLD, &action, &before);
	sigchlds = 0;
	a_rescued_child_that_dies_in_libc(state);
	assert_int_equal(sigchlds, 1); /* of the one that was there in the end */
	/* and that of another child stays, which may be there already */
	sigprocmask(SIG_BLOCK, &set, &mask);
	pid_t other = fork();
	if (other == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)other, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	assert_int_equal(last.outcome, LEAN_FAILED);
	fork_that_fails();
	sigprocmask(SIG_SETMASK, &mask, NULL);
	assert_int_equal(sigchlds, 2);
	assert_int_equal(waitpid(other, NULL, 0), other);
	sigaction(SIGCHLD, &before, NULL);
}

static char leased[] = "/tmp/leanfork-XXXXXX";

/* To open the file takes until the lease is given back. */
static int opens_leased(void *arg)
{
	(void)arg;
	return open(leased, O_RDONLY) >= 0 && block[99] == block_byte(99) ? 4 : 1;
}

/* The lease ends when fork has returned, so neither may wait for the other. */
static void a_child_that_hangs(void **state)
{
	static const enum lean_kind kinds[] = {LEAN_RESCUE, LEAN_EAGER};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	int status[2] = {-1, -1}, fd = mkstemp(leased);
	enum lean_outcome outcomes[2];
	bool is_leased = false;
	(void)state;
	sigaction(SIGIO, &ignore, &before);
	for (int i = 0; i < 2; i++) {
		is_leased = fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
		pid_t pid = is_leased ? fork_lean(kinds[i]) : 0;
		if (pid == 0 && is_leased)
			exec_exit(opens_leased(NULL));
		outcomes[i] = last.outcome;
		fcntl(fd, F_SETLEASE, F_UNLCK);
		waitpid(pid, &status[i], 0);
	}
	close(fd);
	sigaction(SIGIO, &before, NULL);
	unlink(leased);
	if (!is_leased)
		skip();
	assert_int_equal(status[0], 4 << 8);
	assert_int_equal(outcomes[0], LEAN_DONE);
	assert_int_equal(status[1], 4 << 8);
	assert_int_equal(outcomes[1], LEAN_RESTARTED);
}

/* As somebody else does, to the lean child only. */
static void is_sent(int sig)
{
	if (lean_is_child())
		gate2(SYS_kill, getpid(), sig);
}

static int is_terminated_before_exec(void *arg)
{
	signal(SIGTERM, SIG_DFL);
	is_sent(SIGTERM);
	(void)arg;
	return 5;
}

static int is_terminated_before_it_tells(void *arg)
{
	is_sent(SIGTERM);
	(void)arg;
	usleep(1); /* not leanly */
	return 5;
}

static int handled_early;

static void on_usr1(int sig)
{
	(void)sig;
	handled_early++;
}

static int says_what_it_handled(void *arg)
{
	is_sent(*(const int *)arg);
	usleep(1);
	return 5 + handled_early;
}

/* Before its exec: natively it would have got it. */
static void what_the_process_group_is_sent(void **state)
{
	static const int handled_signals[] = {
		SIGUSR1, SIGALRM, SIGPROF, SIGIO, SIGWINCH, SIGCONT, SIGTSTP, 40, 64};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	struct sigaction counts = {.sa_handler = on_usr1};
	(void)state;
	assert_int_equal(run_lean(LEAN_EAGER, is_terminated_before_exec, NULL), SIGTERM);
	assert_int_equal(last.outcome, LEAN_RESTARTED);
	assert_int_equal(run_lean(LEAN_EAGER, is_terminated_before_it_tells, NULL), SIGTERM);
	sigaction(SIGTERM, &ignore, &before);
	assert_int_equal(run_lean(LEAN_EAGER, is_terminated_before_exec, NULL), SIGTERM);
	sigaction(SIGTERM, &before, NULL);
	for (size_t i = 0; i < sizeof handled_signals / sizeof handled_signals[0]; i++) {
		int sig = handled_signals[i];
		sigaction(sig, &counts, &before);
		assert_int_equal(run_lean(LEAN_EAGER, says_what_it_handled, &sig), 6 << 8);
		sigaction(sig, &before, NULL);
		assert_int_equal(handled_early, 0);
	}
}

static void *no_work(void *arg)
{
	return arg;
}

static int setup(void **state)
{
	limit_ms = 50;
	int fd = memfd_create("offset", 0);
	if (block_setup(state) || fd < 0 || dup2(fd, 9) != 9 || write(9, "abc", 3) != 3)
		return -1;
	if (fd != 9)
		close(fd);
	int number = memfd_create("number", 0);
	if (number < 0 || dup2(number, 8) != 8 || (number != 8 && close(number)) ||
		ftruncate(8, 4096))
		return -1;
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 8, 0);
	readonly = mmap(NULL, 4096, PROT_READ, MAP_SHARED, 8, 0);
	half_shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mmap(half_shared + 4096, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, 8, 0);
	pthread_t thread; /* libc handles a signal of its own from the first one on */
	if (pthread_create(&thread, NULL, no_work, NULL) || pthread_join(thread, NULL))
		return -1;
	return shared == MAP_FAILED || readonly == MAP_FAILED;
}

static int teardown(void **state)
{
	close(8);
	close(9);
	munmap(shared, 4096);
	munmap(readonly, 4096);
	munmap(half_shared, 8192);
	return block_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(eager_looks_like_native),
		TEST(rescue_looks_like_native),
		TEST(no_descriptor_is_worth_a_wait),
		TEST(a_rescued_child_goes_on_after_a_bad_address),
		TEST(sigchld_ignored),
		TEST(buffers_are_not_flushed_twice),
		TEST(a_rescued_child_that_libc_lets_stumble),
		TEST(a_rescued_child_that_dies_in_libc),
		TEST(no_sigchld_of_a_rescue_that_fails),
		TEST(a_child_that_hangs),
		TEST(what_the_process_group_is_sent),
		TEST(robust_mutexes_stay_the_parents),
		TEST(robust_mutexes_of_a_rescued_child),
	};
	return RUN_TESTS_WITH(tests, setup, teardown);
}
