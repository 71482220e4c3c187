/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "forking.h"
#include "preload/leanfork/machine.h"

static int intact(void)
{
	for (size_t i = 0; i < BLOCK_SIZE; i += 4096 * 7)
		if (block[i] != block_byte(i))
			return 0;
	return 1;
}

static sigset_t mask_of(int first, int second)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, first);
	sigaddset(&set, second);
	return set;
}

/* As libuv, CPython and gnulib do: everything is blocked round fork, then put right in the child. */
static int unblocks(void *arg)
{
	sigset_t all, now, none;
	(void)arg;
	sigfillset(&all);
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, &now) || memcmp(&all, &now, 8) != 0)
		return 1;
	return intact() ? 5 : 2;
}

static void blocked_signals(void **state)
{
	sigset_t all, before, now;
	(void)state;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	sigprocmask(SIG_SETMASK, NULL, &all);
	int eager = run_lean(LEAN_EAGER, unblocks, NULL);
	enum lean_outcome outcome = last.outcome;
	int rescued = run_lean(LEAN_RESCUE, unblocks, NULL);
	sigprocmask(SIG_SETMASK, &before, &now);
	assert_int_equal(eager, 5 << 8);
	assert_int_equal(outcome, LEAN_DONE);
	assert_int_equal(rescued, 5 << 8);
	assert_memory_equal(&now, &all, 8);
}

/* What the new program sees of masks and dispositions: natively and leanly alike. */
static void signals_of_new_program(char *text, size_t size, int lean)
{
	int pipes[2];
	ssize_t n, used = 0;
	assert_int_equal(pipe(pipes), 0);
	pid_t pid = lean ? fork_lean(LEAN_EAGER) : fork();
	if (pid == 0) {
		sigset_t set = mask_of(SIGSEGV, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		signal(SIGSYS, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		dup2(pipes[1], 1);
		execlp("grep", "grep", "^Sig\\|^Shd", "/proc/self/status", (char *)NULL);
		_exit(1);
	}
	close(pipes[1]);
	while ((n = read(pipes[0], text + used, size - 1 - (size_t)used)) > 0)
		used += n;
	text[used] = '\0';
	close(pipes[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void on_signal(int sig)
{
	(void)sig;
}

static char *line_of(char *text, const char *name)
{
	char *at = strstr(text, name);
	assert_non_null(at);
	at[strcspn(at, "\n")] = '\0';
	return at;
}

static void exec_inherits_as_ever(void **state)
{
	char native[1024], lean[1024];
	struct sigaction action = {.sa_handler = on_signal}, before[2];
	static const char *const names[] = {"ShdPnd", "SigBlk", "SigIgn", "SigCgt"};
	(void)state;
	sigaction(SIGUSR2, &action, &before[0]);
	action.sa_handler = SIG_IGN;
	sigaction(SIGINT, &action, &before[1]);
	signals_of_new_program(native, sizeof native, 0);
	signals_of_new_program(lean, sizeof lean, 1);
	sigaction(SIGUSR2, &before[0], NULL);
	sigaction(SIGINT, &before[1], NULL);
	assert_int_equal(last.outcome, LEAN_DONE);
	for (int i = 3; i >= 0; i--)
		assert_string_equal(line_of(lean, names[i]), line_of(native, names[i]));
}

/* A program's own handler for SIGSEGV, on an alternate stack, that mends what it faults on. */
static unsigned char *mended;
static volatile sig_atomic_t faults;

static void mend(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	faults++;
	if (info->si_addr != mended + 100)
		_exit(50);
	mprotect(mended, 4096, PROT_READ | PROT_WRITE);
}

/* Before anything that follows. */
static void fault(void)
{
	*(volatile unsigned char *)(mended + 100) = 1;
}

static int faults_on_purpose(void *arg)
{
	struct sigaction now;
	stack_t stack;
	(void)arg;
	sigaction(SIGSEGV, NULL, &now);
	sigaltstack(NULL, &stack);
	if (now.sa_sigaction != mend || !(now.sa_flags & SA_ONSTACK) || stack.ss_size != 65536)
		return 1;
	fault();
	return faults == 1 && intact() ? 6 : 2;
}

static void handlers_of_the_program(void **state)
{
	static const enum lean_kind kinds[] = {LEAN_EAGER, LEAN_RESCUE};
	struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO | SA_ONSTACK},
			 before;
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536}, stack_before;
	(void)state;
	mended = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&stack, &stack_before);
	sigaction(SIGSEGV, &action, &before);
	for (int i = 0; i < 2; i++) {
		faults = 0;
		assert_int_equal(run_lean(kinds[i], faults_on_purpose, NULL), 6 << 8);
		assert_int_equal(last.outcome, i == 0 ? LEAN_RESTARTED : LEAN_DONE);
		/* and in the parent, which has lent it to nobody */
		mprotect(mended, 4096, PROT_NONE);
		fault();
		assert_int_equal(faults, 1);
		mprotect(mended, 4096, PROT_NONE);
	}
	sigaction(SIGSEGV, &before, NULL);
	sigaltstack(&stack_before, NULL);
	munmap(mended, 4096);
	free(stack.ss_sp);
}

static int touches(void *arg)
{
	(void)arg;
	return intact() ? 7 : 1;
}

static volatile int handler_status;
static volatile enum lean_outcome handler_outcome;

static void fork_in_handler(int sig)
{
	(void)sig;
	handler_status = run_lean(LEAN_EAGER, touches, NULL);
	handler_outcome = last.outcome;
}

static void fork_in_a_handler(void **state)
{
	struct sigaction action = {.sa_handler = fork_in_handler}, before;
	(void)state;
	sigaction(SIGUSR1, &action, &before);
	raise(SIGUSR1);
	assert_int_equal(handler_status, 7 << 8);
	assert_int_equal(handler_outcome, LEAN_DONE);
	sigaction(SIGUSR1, &before, NULL);
}

static volatile enum lean_reason handler_reason;
static volatile enum lean_kind handler_kind;

static int looks_at_its_stack(void *arg)
{
	const stack_t *stack = arg;
	stack_t now;
	if (sigaltstack(stack, &now) != -1 || errno != EPERM)
		return 1;
	if (sigaltstack(NULL, &now) || now.ss_flags != SS_ONSTACK || now.ss_sp != stack->ss_sp)
		return 2;
	return touches(NULL);
}

static stack_t *handler_stack;

static void fork_on_a_stack(int sig)
{
	(void)sig;
	handler_status = run_lean(handler_kind, touches, NULL);
	handler_outcome = last.outcome;
	handler_reason = last.reason;
	if (handler_status == 7 << 8)
		handler_status = run_lean(handler_kind, looks_at_its_stack, handler_stack);
}

/* Forks in a handler on the last `room` bytes of an area. Returns how many bytes below were
 * written to. */
static size_t fork_on(enum lean_kind kind, size_t room)
{
	enum { AREA = 262144 };
	struct sigaction action = {.sa_handler = fork_on_a_stack, .sa_flags = SA_ONSTACK}, before;
	char *area = malloc(AREA);
	stack_t stack = {.ss_sp = area + AREA - room, .ss_size = room}, stack_before;
	size_t written = 0;
	assert_non_null(area);
	memset(area, 0x5a, AREA);
	handler_kind = kind;
	handler_stack = &stack;
	assert_int_equal(sigaltstack(&stack, &stack_before), 0);
	sigaction(SIGUSR1, &action, &before);
	raise(SIGUSR1);
	sigaction(SIGUSR1, &before, NULL);
	sigaltstack(&stack_before, NULL);
	for (size_t i = 0; i < AREA - room; i++)
		written += area[i] != 0x5a;
	free(area);
	return written;
}

static void fork_on_an_alternate_stack(void **state)
{
	(void)state;
	for (int kind = LEAN_EAGER; kind <= LEAN_RESCUE; kind++) {
		assert_int_equal(fork_on((enum lean_kind)kind, 131072), 0);
		assert_int_equal(handler_reason, LEAN_FINE);
		assert_int_equal(handler_outcome, LEAN_DONE);
		assert_int_equal(handler_status, 7 << 8);
	}
}

#define LEAST_STACK 51 /* AT_MINSIGSTKSZ, newer than some headers */

/* Natively, and without a byte below the stack. */
static void fork_on_a_small_stack(void **state)
{
	size_t room = getauxval(LEAST_STACK) + 8192;
	(void)state;
	assert_int_equal(fork_on(LEAN_EAGER, room), 0);
	assert_int_equal(handler_reason, LEAN_STACK);
	assert_int_equal(handler_outcome, LEAN_NATIVE);
	assert_int_equal(handler_status, 7 << 8);
	assert_int_equal(fork_on(LEAN_RESCUE, room), 0);
	assert_int_equal(handler_reason, LEAN_STACK);
	assert_int_equal(handler_outcome, LEAN_FAILED);
	assert_int_equal(handler_status, -1);
}

static stack_t own_stack;
static volatile int was_on_it;

static void look_where(int sig)
{
	char *here = (char *)&sig, *start = own_stack.ss_sp;
	was_on_it = here >= start && here < start + own_stack.ss_size;
}

static int uses_its_stack(void *arg)
{
	stack_t now;
	if (arg)
		usleep(1); /* from here on it is ordinary */
	if (sigaltstack(NULL, &now) || now.ss_sp != own_stack.ss_sp || now.ss_flags)
		return 1;
	raise(SIGUSR1);
	return was_on_it ? 9 : 2;
}

static void the_alternate_stack_of_an_ordinary_child(void **state)
{
	struct sigaction action = {.sa_handler = look_where, .sa_flags = SA_ONSTACK}, before;
	stack_t stack_before;
	int yes;
	(void)state;
	own_stack = (stack_t){.ss_sp = malloc(262144), .ss_size = 262144};
	sigaltstack(&own_stack, &stack_before);
	sigaction(SIGUSR1, &action, &before);
	int by_call = run_lean(LEAN_RESCUE, uses_its_stack, &yes);
	int by_raise = run_lean(LEAN_RESCUE, uses_its_stack, NULL);
	sigaction(SIGUSR1, &before, NULL);
	sigaltstack(&stack_before, NULL);
	free(own_stack.ss_sp);
	assert_int_equal(by_call, 9 << 8);
	assert_int_equal(by_raise, 9 << 8);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* Signals rain on the parent while it forks. */
static void signals_meanwhile(void **state)
{
	struct sigaction action = {.sa_handler = on_alarm}, before;
	struct itimerval often = {{0, 300}, {0, 300}}, off = {{0, 0}, {0, 0}};
	(void)state;
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 200; i++) {
		int status = run_lean(LEAN_EAGER, touches, NULL);
		if (status != 7 << 8) {
			setitimer(ITIMER_REAL, &off, NULL);
			assert_int_equal(status, 7 << 8);
		}
	}
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &before, NULL);
	assert_true(alarms > 0);
}

static int catches_own_alarm(void *arg)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval often = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
	(void)arg;
	alarms = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 1000 && alarms < 5; i++)
		usleep(1000);
	setitimer(ITIMER_REAL, &off, NULL);
	return alarms >= 5 ? 8 : 1;
}

static void a_child_with_handlers_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(run_lean(LEAN_EAGER, catches_own_alarm, NULL), 8 << 8);
	assert_int_equal(run_lean(LEAN_RESCUE, catches_own_alarm, NULL), 8 << 8);
}

static volatile sig_atomic_t sigsys;

static void on_sigsys(int sig)
{
	(void)sig;
	sigsys++;
}

static void a_handler_for_sigsys(void **state)
{
	struct sigaction action = {.sa_handler = on_sigsys}, before, now;
	(void)state;
	sigaction(SIGSYS, &action, &before);
	assert_int_equal(run_lean(LEAN_EAGER, touches, NULL), 7 << 8);
	assert_int_equal(last.outcome, LEAN_DONE);
	sigaction(SIGSYS, NULL, &now);
	assert_ptr_equal(now.sa_handler, on_sigsys);
	raise(SIGSYS);
	assert_int_equal(sigsys, 1);
	sigaction(SIGSYS, &before, NULL);
}

/* As compilers make it of one that does nothing: with or without a mark for indirect jumps. */
void returns_at_once(int sig, siginfo_t *info, void *context);
void returns_at_once_too(int sig, siginfo_t *info, void *context);
__asm__(".globl returns_at_once, returns_at_once_too\n"
#ifdef __x86_64__
	"returns_at_once: endbr64\n"
#else
	"returns_at_once: hint 34\n"
#endif
	"returns_at_once_too: ret\n");

/* Ruby's. */
static void a_handler_for_sigsys_that_does_nothing(void **state)
{
	void (*const handlers[])(int, siginfo_t *, void *) = {returns_at_once, returns_at_once_too};
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sigaction action = {.sa_sigaction = handlers[i], .sa_flags = SA_SIGINFO};
		struct sigaction before;
		sigaction(SIGSYS, &action, &before);
		assert_int_equal(run_lean(LEAN_EAGER, touches, NULL), 7 << 8);
		assert_int_equal(last.outcome, LEAN_DONE);
		sigaction(SIGSYS, &before, NULL);
	}
}

#define SET_DISPATCH 59
static volatile char selector; /* whether calls are dispatched, as the kernel reads it */

/* As Wine does it: system calls that are another system's are answered here. */
static void answer(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	(void)sig;
	selector = 0;
	context_return(uc, info->si_syscall + 1);
	sigsys++;
}

/* The number of a call that there isn't. The handler turns the dispatch off for what follows. */
static bool is_answered(void)
{
	selector = 1;
	long r = syscall(1000);
	selector = 0;
	return r == 1001;
}

static int is_dispatched_no_longer(void *arg)
{
	(void)arg;
	return !is_answered() && errno == ENOSYS && block[5] == block_byte(5) ? 7 : 1;
}

static int dispatches_and_forks(void)
{
	struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO};
	sigaction(SIGSYS, &action, NULL);
	if (prctl(SET_DISPATCH, 1, 0, 0, &selector) < 0)
		return 77;
	for (int n = 0; n < 3; n++) {
		if (!is_answered())
			return 1;
		if (run_lean(LEAN_EAGER, is_dispatched_no_longer, NULL) != 7 << 8)
			return 2;
		if (last.outcome != LEAN_NATIVE || last.reason != LEAN_SIGSYS)
			return 3;
		if (run_lean(LEAN_RESCUE, is_dispatched_no_longer, NULL) != -1 || errno != ENOMEM)
			return 4;
	}
	return sigsys == 3 ? 0 : 5;
}

static void a_program_with_a_dispatch_of_its_own(void **state)
{
	int status;
	(void)state;
	sigsys = 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(dispatches_and_forks());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(blocked_signals),
		TEST(exec_inherits_as_ever),
		TEST(handlers_of_the_program),
		TEST(fork_in_a_handler),
		TEST(fork_on_an_alternate_stack),
		TEST(fork_on_a_small_stack),
		TEST(the_alternate_stack_of_an_ordinary_child),
		TEST(signals_meanwhile),
		TEST(a_child_with_handlers_of_its_own),
		TEST(a_handler_for_sigsys),
		TEST(a_handler_for_sigsys_that_does_nothing),
		TEST(a_program_with_a_dispatch_of_its_own),
	};
	return RUN_TESTS_WITH(tests, block_setup, block_teardown);
}
