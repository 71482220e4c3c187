/* SPDX-License-Identifier: MIT */
/* The parent: forks, answers its child, waits for all that comes of it, and says what is left. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "forks.h"
#include "parent.h"
#include "self.h"

enum { MAX_ENDED = 64 };

static pid_t self;
static struct {
	volatile int n;
	volatile pid_t pids[MAX_ENDED];
} told, reaped;

pid_t parent_pid(void)
{
	return self;
}

static void on_child(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	if (getpid() == self && told.n < MAX_ENDED)
		told.pids[told.n++] = info->si_pid;
}

static void set_handlers(void)
{
	struct sigaction child = {
		.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP};
	struct sigaction count = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	sigaction(SIGCHLD, &child, NULL);
	sigaction(SIGUSR1, &count, NULL);
	sigaction(SIGUSR2, &count, NULL);
	sigaction(SIGURG, &count, NULL);
	faults_catch();
}

/* What the child has asked for by one letter. */
static void answer(const struct program *p, pid_t pid, char what)
{
	char *last = slot_start(p->n_slots - 1);
	switch (what) {
	case 'w':
		for (size_t i = 0; i < p->n_slots; i++)
			poke(slot_start(i), 0xbad), poke(slot_start(i) + PAGE_SIZE, 0xbad);
		break;
	case 'u':
		munmap(last, slot_size(&p->slots[p->n_slots - 1]));
		break;
	case 'T':
		kill(pid, SIGTERM);
		return;
	case 'K':
		kill(pid, SIGKILL);
		return;
	case 'S':
		kill(pid, SIGSTOP);
		kill(pid, SIGKILL);
		return;
	default:
		break;
	}
	ssize_t n = write(FD_REPLY_OUT, &what, 1);
	(void)n;
}

/* It may have asked for more than it waited for. */
static void answer_the_rest(const struct program *p)
{
	struct pollfd fd = {.fd = FD_ASK_IN, .events = POLLIN};
	char what;
	while (poll(&fd, 1, 0) == 1 && read(FD_ASK_IN, &what, 1) == 1)
		if (what >= 'a')
			answer(p, 0, what);
}

/* Answers until the child has ended. Returns its wait status. */
static int attend(const struct program *p, pid_t pid, int pidfd)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = FD_ASK_IN, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
		int status = 0;
		char what;
		if (poll(fds, 2, 1) > 0 && fds[0].revents && read(FD_ASK_IN, &what, 1) == 1)
			answer(p, pid, what);
		pid_t got = waitpid(pid, &status, WNOHANG | WUNTRACED);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			continue;
		if (!WIFSTOPPED(status)) {
			answer_the_rest(p);
			return status;
		}
		note("stopped by %d", WSTOPSIG(status));
		kill(pid, SIGCONT);
	}
}

static void wait_for_orphans(void)
{
	int n = 0, sum = 0, status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, 0)) > 0 || (pid < 0 && errno == EINTR)) {
		if (pid < 0)
			continue;
		if (reaped.n < MAX_ENDED)
			reaped.pids[reaped.n++] = pid;
		n++;
		sum += status;
	}
	note("%d orphans, sum of statuses %x", n, (unsigned)sum);
}

/* Each that has sent SIGCHLD was ours to reap; and one child alone has sent one. */
static void note_sigchld(const struct program *p)
{
	int strange = 0;
	if (p->disturbers & 8) /* others fork, too */
		return;
	for (int i = 0; i < told.n; i++) {
		int known = 0;
		for (int j = 0; j < reaped.n; j++)
			known += reaped.pids[j] == told.pids[i];
		strange += !known;
	}
	note("%d strangers sent SIGCHLD", strange);
	if (reaped.n == 1)
		note("SIGCHLD %d times", told.n);
}

static void note_handled(void)
{
	note("handled: %d %d", handled[SIGUSR1] > 0, handled[SIGUSR2] > 0);
}

static unsigned elapsed_us(const struct timespec *since)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)((now.tv_sec - since->tv_sec) * 1000000 +
			  (now.tv_nsec - since->tv_nsec) / 1000);
}

static pid_t fork_timed(enum mode mode)
{
	struct timespec before;
	clock_gettime(CLOCK_MONOTONIC, &before);
	pid_t pid = fork_by(mode);
	if (pid == 0)
		return pid;
	unsigned us = elapsed_us(&before);
	if (us > fork_stats->worst_us[mode])
		fork_stats->worst_us[mode] = us;
	fork_stats->runs[mode]++;
	return pid;
}

/* As many a program does it: nothing may be handled until the child has settled. */
static pid_t fork_as_the_program(const struct program *p, enum mode mode)
{
	sigset_t all, before;
	bool blocks = p->seed % 3 == 1, child_unblocks = p->seed % 2;
	sigfillset(&all);
	if (!blocks)
		return fork_timed(mode);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid_t pid = fork_timed(mode);
	if (pid || child_unblocks)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

void fork_and_attend(const struct program *p, enum mode mode)
{
	errno = 33;
	pid_t pid = fork_as_the_program(p, mode);
	if (pid == 0) {
		place_look();
		child_main(p);
	}
	note_at("parent", 0);
	note("fork %s, errno %d", pid > 0 ? "fine" : strerrorname_np(errno), pid > 0 ? errno : 0);
	if (pid < 0)
		return;
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int status = attend(p, pid, pidfd);
	close(pidfd);
	note("status %x", (unsigned)status);
	reaped.pids[reaped.n++] = pid;
}

_Noreturn void parent_main(const struct program *p, enum mode mode)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setsid();
	self = getpid();
	note_at("start", 0);
	world_make(p);
	note_overcommit();
	forks_prepare(mode);
	slots_make(p);
	set_handlers();
	fputs("in the parent's buffer\n", stdout);
	disturbers_start(p->disturbers);
	place_run(p, mode);
	disturbers_stop();
	wait_for_orphans();
	note_sigchld(p);
	note_handled();
	fflush(stdout);
	world_note();
	self_note(p);
	struct log *own = log_now;
	log_now = &common->log;
	log_pass_on();
	log_now = own;
	log_pass_on();
	_exit(0);
}
