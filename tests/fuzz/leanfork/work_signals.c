/* SPDX-License-Identifier: MIT */
/* Work with signals and timers that send them. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define WORK(name)                                                                                 \
	static void name(__attribute__((unused)) const struct program *p,                          \
		__attribute__((unused)) const struct step *s)

volatile int handled[65];

void count_signal(int sig)
{
	handled[sig]++;
}

static int some_signal(uint32_t n)
{
	static const int signals[] = {SIGUSR1, SIGUSR2, SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGPIPE,
		SIGALRM, SIGWINCH, SIGQUIT, 34, 40, 64, SIGSYS, SIGTRAP, SIGFPE, SIGILL, SIGTSTP,
		SIGTTOU, SIGXFSZ, SIGURG};
	return signals[n % (sizeof signals / sizeof signals[0])];
}

static unsigned long long bits_of(const sigset_t *set)
{
	unsigned long long bits = 0;
	for (int sig = 1; sig <= 64; sig++)
		if (sigismember(set, sig) == 1)
			bits |= 1ULL << (sig - 1);
	return bits;
}

static void note_handled(void)
{
	for (int sig = 1; sig <= 64; sig++)
		if (handled[sig])
			note("signal %d handled %d times", sig, handled[sig]);
}

WORK(sets_mask)
{
	sigset_t set, old;
	sigemptyset(&set);
	if (s->a % 4 == 0)
		sigfillset(&set);
	else
		for (uint32_t i = 0; i < 1 + s->a % 3; i++)
			sigaddset(&set, some_signal(s->b + i));
	note_result("sigprocmask", sigprocmask((int)(s->c % 3), &set, &old));
	note("%llx", bits_of(&old));
}

WORK(sets_action)
{
	static void (*const how[])(int) = {SIG_IGN, SIG_DFL, count_signal};
	struct sigaction action = {.sa_handler = how[s->b % 3]}, old;
	action.sa_flags = (s->c & 1 ? SA_RESTART : 0) | (s->c & 2 ? SA_NODEFER : 0) |
			  (s->c & 4 ? SA_ONSTACK : 0) | (s->c & 8 ? (int)SA_RESETHAND : 0);
	sigaddset(&action.sa_mask, some_signal(s->c));
	int sig = some_signal(s->a);
	if (sig == SIGCHLD && s->b % 3 == 0)
		action.sa_handler = count_signal; /* see main.c */
	note_result("sigaction", sigaction(sig, &action, &old));
	note("%d was %d %x %llx", sig,
		old.sa_handler == SIG_IGN   ? 1
		: old.sa_handler != SIG_DFL ? 2
					    : 0,
		(unsigned)old.sa_flags & ~0x04000000U, bits_of(&old.sa_mask));
}

WORK(sends_itself)
{
	int sig = some_signal(s->a);
	switch (s->b % 4) {
	case 0:
		note_result("raise", raise(sig));
		break;
	case 1:
		note_result("sigqueue", sigqueue(getpid(), sig, (union sigval){.sival_int = 3}));
		break;
	case 2:
		note_result("tgkill", syscall(SYS_tgkill, getpid(), gettid(), sig));
		break;
	default:
		note_result("kill", kill(getpid(), sig));
	}
	note_handled();
}

/* Handled ones and such as nobody is ended by. */
WORK(sends_itself_what_is_caught)
{
	struct sigaction action = {.sa_handler = count_signal};
	int sig = some_signal(s->a);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigaction(sig, &action, NULL);
	if (s->b & 1)
		sigprocmask(SIG_UNBLOCK, &set, NULL);
	note_result("kill", kill(getpid(), sig));
	note_handled();
}

WORK(sends_parent)
{
	note_result("kill", kill(parent_pid(), s->a & 1 ? SIGUSR1 : SIGUSR2));
}

WORK(sends_group)
{
	note_result("kill", kill(0, s->a & 1 ? SIGUSR1 : SIGURG));
	note_handled();
}

WORK(looks_at_pending)
{
	sigset_t pending;
	note_result("sigpending", sigpending(&pending));
	note("%llx", bits_of(&pending));
}

static void catch_alarm(int sig)
{
	struct sigaction action = {.sa_handler = count_signal};
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigaction(sig, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

WORK(is_alarmed)
{
	struct itimerval soon = {{0, 0}, {0, 500}};
	catch_alarm(SIGALRM);
	handled[SIGALRM] = 0;
	note_result("setitimer", setitimer(ITIMER_REAL, &soon, NULL));
	spin_until(&handled[SIGALRM], 20000000);
	note("%d", handled[SIGALRM]);
}

WORK(sets_alarm)
{
	note("%u", alarm(s->a % 3 ? 1000 : 0) / 10);
}

WORK(has_a_timer)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	struct itimerspec when = {.it_value = {s->b & 1 ? 0 : 500, 400000}}, left = {0};
	timer_t timer = NULL;
	catch_alarm(SIGUSR2);
	handled[SIGUSR2] = 0;
	note_result("timer_create", timer_create(CLOCK_MONOTONIC, &event, &timer));
	note("id %d", (int)(intptr_t)timer);
	note_result("timer_settime", timer_settime(timer, 0, &when, NULL));
	if (s->b & 1)
		spin_until(&handled[SIGUSR2], 20000000);
	note_result("timer_gettime", timer_gettime(timer, &left));
	note("%d %d", left.it_value.tv_sec > 400, handled[SIGUSR2]);
	if (s->c & 1)
		note_result("timer_delete", timer_delete(timer));
}

WORK(waits_for_its_signal)
{
	sigset_t set;
	siginfo_t info = {0};
	int sig = some_signal(s->a);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), sig);
	note_result("sigtimedwait", sigtimedwait(&set, &info, &(struct timespec){0, 1000000}));
	note("%d %d", info.si_signo, info.si_pid == getpid());
}

WORK(suspends)
{
	sigset_t all, none;
	catch_alarm(SIGUSR1);
	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_BLOCK, &all, &none);
	handled[SIGUSR1] = 0;
	raise(SIGUSR1);
	sigset_t but = all;
	sigdelset(&but, SIGUSR1);
	note_result("sigsuspend", sigsuspend(&but));
	note("%d", handled[SIGUSR1]);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

WORK(reads_signals)
{
	sigset_t set;
	struct signalfd_siginfo info = {0};
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	note_result("signalfd", fd);
	raise(SIGUSR1);
	note_result("read", read(fd, &info, sizeof info));
	note("%u", info.ssi_signo);
	close(fd);
}

static volatile uintptr_t handler_stack;

static void on_other_stack(int sig)
{
	char here;
	handled[sig]++;
	handler_stack = (uintptr_t)&here;
}

/* A handler whose stack lies in memory that the parent has left. */
WORK(has_another_stack)
{
	char *at = some_page(p, s->a, s->b);
	stack_t stack = {.ss_sp = at, .ss_size = 4 * PAGE_SIZE}, old = {0};
	struct sigaction action = {.sa_handler = on_other_stack, .sa_flags = SA_ONSTACK};
	uint64_t word;
	bool usable = true;
	for (size_t i = 0; i < 4 * PAGE_SIZE; i += PAGE_SIZE)
		usable &= peek(at + i, &word) && poke(at + i, word);
	if (!usable)
		return;
	note_result("sigaltstack", sigaltstack(&stack, &old));
	note("%x %zu", (unsigned)old.ss_flags, old.ss_size);
	sigaction(SIGUSR2, &action, NULL);
	note_result("raise", raise(SIGUSR2));
	note("%d", handler_stack - (uintptr_t)at < 4 * PAGE_SIZE);
	stack.ss_flags = SS_DISABLE;
	note_result("sigaltstack", sigaltstack(&stack, &old));
	memset(at, 0x11, 4 * PAGE_SIZE); /* ids and addresses that the kernel put there */
}

static void on_its_own_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	note("signal %d code %d at slot %d", sig, info->si_code,
		(int)(((uintptr_t)info->si_addr - SLOTS_START) / SLOT_SIZE));
	char *page = (char *)((uintptr_t)info->si_addr & ~(PAGE_SIZE - 1));
	if (mmap(page, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		    -1, 0) == MAP_FAILED)
		_exit(77);
}

/* As a garbage collector does: the handler makes the page there. */
WORK(handles_its_faults)
{
	struct sigaction action = {.sa_sigaction = on_its_own_fault, .sa_flags = SA_SIGINFO};
	char *at = some_page(p, s->a, s->b);
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGSEGV);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	munmap(at, PAGE_SIZE);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	*(volatile char *)at = 5;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	faults_catch();
	note("%d %llx", *at, bits_of(&mask));
}

const struct work work_on_signals[] = {
	{"sets_mask", sets_mask, 8, 0},
	{"sets_action", sets_action, 8, 0},
	{"sends_itself", sends_itself, 2, 0},
	{"sends_itself_what_is_caught", sends_itself_what_is_caught, 5, 0},
	{"sends_parent", sends_parent, 4, 0},
	{"sends_group", sends_group, 2, 0},
	{"looks_at_pending", looks_at_pending, 4, 0},
	{"is_alarmed", is_alarmed, 2, 0},
	{"sets_alarm", sets_alarm, 4, 0},
	{"has_a_timer", has_a_timer, 3, 0},
	{"waits_for_its_signal", waits_for_its_signal, 4, 0},
	{"suspends", suspends, 3, 0},
	{"reads_signals", reads_signals, 4, 0},
	{"has_another_stack", has_another_stack, 5, 0},
	{"handles_its_faults", handles_its_faults, 5, 0},
	{NULL, NULL, 0, WORK_LAST},
};
