/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "subreaper.h"

/* The marks are calls that nothing else makes. */
enum { MARK_BEGIN = -7701, MARK_END = -7702 };

enum { MOST_PROCESSES = 64, NR_CLONE3 = 435 };

struct process {
	pid_t pid;
	int call; /* the one it is in, or -1 */
};

struct tracer {
	struct trace *trace;
	struct process processes[MOST_PROCESSES];
	pid_t subject;
	bool on;
};

static struct {
	long nr;
	int sig; /* or 0 */
} to_send;

void trace_send(long nr, int sig)
{
	to_send.nr = nr;
	to_send.sig = sig;
}

void trace_begin(void)
{
	syscall(SYS_getpgid, MARK_BEGIN);
}

void trace_end(void)
{
	syscall(SYS_getpgid, MARK_END);
}

static struct process *find(struct tracer *t, pid_t pid)
{
	struct process *unused = NULL;
	for (int i = 0; i < MOST_PROCESSES; i++) {
		if (t->processes[i].pid == pid)
			return &t->processes[i];
		if (t->processes[i].pid == 0)
			unused = &t->processes[i];
	}
	if (unused)
		*unused = (struct process){pid, -1};
	return unused;
}

static bool is_mark(struct tracer *t, const struct __ptrace_syscall_info *info)
{
	if (info->entry.nr != SYS_getpgid)
		return false;
	if ((int)info->entry.args[0] == MARK_BEGIN)
		t->on = true;
	else if ((int)info->entry.args[0] == MARK_END)
		t->on = false;
	else
		return false;
	return true;
}

/* clone3 takes them in memory, first of all. */
static uint64_t clone_flags(pid_t pid, const struct traced_call *call)
{
	if (call->nr == SYS_clone)
		return call->args[0];
	if (call->nr != NR_CLONE3)
		return 0;
	return (uint64_t)ptrace(PTRACE_PEEKDATA, pid, call->args[0], 0);
}

static void enter(struct tracer *t, struct process *p, const struct __ptrace_syscall_info *info)
{
	struct trace *trace = t->trace;
	p->call = -1;
	if (is_mark(t, info) || !t->on)
		return;
	if (to_send.sig && p->pid != t->subject && (long)info->entry.nr == to_send.nr)
		trace->n_sent += kill(p->pid, to_send.sig) == 0;
	if (trace->n_calls == (int)(sizeof trace->calls / sizeof trace->calls[0]))
		return;
	p->call = trace->n_calls++;
	struct traced_call *call = &trace->calls[p->call];
	*call = (struct traced_call){.child = p->pid != t->subject, .nr = info->entry.nr};
	memcpy(call->args, info->entry.args, sizeof call->args);
	call->clone_flags = clone_flags(p->pid, call);
	if (call->nr == SYS_rt_sigprocmask && call->args[1])
		call->mask = (uint64_t)ptrace(PTRACE_PEEKDATA, p->pid, call->args[1], 0);
}

static void on_syscall(struct tracer *t, struct process *p)
{
	struct __ptrace_syscall_info info;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof info, &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter(t, p, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->call >= 0)
		t->trace->calls[p->call].result = info.exit.rval;
}

/* Returns whether the process is still to be traced. */
static bool on_event(struct tracer *t, struct process *p, int event)
{
	t->trace->n_forks += t->on && event == PTRACE_EVENT_FORK;
	t->trace->n_vforks += t->on && event == PTRACE_EVENT_VFORK;
	t->trace->n_clones += t->on && event == PTRACE_EVENT_CLONE;
	if (event != PTRACE_EVENT_EXEC)
		return true;
	ptrace(PTRACE_DETACH, p->pid, 0, 0);
	p->pid = 0;
	return false;
}

/* A process's first stop may come before the event that announces it. */
static void on_stop(struct tracer *t, pid_t pid, int status)
{
	struct process *p = find(t, pid);
	int sig = WSTOPSIG(status), event = status >> 16, deliver = 0;
	if (!p)
		return;
	if (sig == (SIGTRAP | 0x80))
		on_syscall(t, p);
	else if (event && event != PTRACE_EVENT_STOP) {
		if (!on_event(t, p, event))
			return;
	} else if (to_send.sig && sig == to_send.sig && pid != t->subject)
		t->trace->n_delivered++;
	else if (!event && sig != SIGSTOP)
		deliver = sig;
	ptrace(PTRACE_SYSCALL, pid, 0, deliver);
}

static void trace_all(struct tracer *t)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		assert_true(pid > 0);
		if (WIFSTOPPED(status)) {
			on_stop(t, pid, status);
			continue;
		}
		struct process *p = find(t, pid);
		if (p)
			p->pid = 0;
		if (pid == t->subject) {
			t->trace->status = status;
			return;
		}
	}
}

bool trace_run(struct trace *trace, void (*subject)(void *arg), void *arg)
{
	static struct tracer tracer;
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int status;
	/* valgrind makes other calls than the program. */
	if (in_valgrind())
		return false;
	memset(&tracer, 0, sizeof tracer);
	memset(trace, 0, sizeof *trace);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			_exit(77);
		raise(SIGSTOP);
		subject(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSTOPPED(status))
		return false;
	tracer.trace = trace;
	tracer.subject = pid;
	bool can = ptrace(PTRACE_SETOPTIONS, pid, 0, options) == 0;
	ptrace(can ? PTRACE_SYSCALL : PTRACE_KILL, pid, 0, 0);
	trace_all(&tracer);
	to_send.sig = 0;
	return can;
}

int trace_count(const struct trace *trace, long nr)
{
	int n = 0;
	for (int i = 0; i < trace->n_calls; i++)
		n += trace->calls[i].nr == (uint64_t)nr;
	return n;
}

void trace_print(const struct trace *trace)
{
	for (int i = 0; i < trace->n_calls; i++) {
		const struct traced_call *c = &trace->calls[i];
		print_message("%s %llu(%llx, %llx, %llx, %llx) = %lld\n",
			c->child ? "child " : "parent", (unsigned long long)c->nr,
			(unsigned long long)c->args[0], (unsigned long long)c->args[1],
			(unsigned long long)c->args[2], (unsigned long long)c->args[3],
			(long long)c->result);
	}
}
