/* SPDX-License-Identifier: MIT */
/* The system calls of parent and child from the call of ss_spawn to the child's exec, by ptrace. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "trace.h"

/* Newer than some headers; the same on all architectures. */
enum { NR_CLONE3 = 435, NR_CLOSE_RANGE = 436 };

struct subject {
	int before; /* spawns that are not looked at */
	const char *program;
	char *const *argv; /* NULL: the program alone */
	struct ss_options *options;
};

static void end(struct ss_child *child)
{
	ss_wait(child, NULL, -1);
	ss_release(child);
}

static void spawn(void *arg)
{
	const struct subject *s = arg;
	char *const *const argv = s->argv ? s->argv : ARGV(s->program);
	struct ss_child child;
	for (int i = 0; i < s->before; i++) {
		if (ss_spawn(&child, argv, s->options))
			_exit(1);
		end(&child);
	}
	trace_begin();
	int result = ss_spawn(&child, argv, s->options);
	trace_end();
	if (result)
		_exit(2);
	end(&child);
}

static const struct trace *trace_of(struct subject *subject)
{
	static struct trace trace;
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
	skip();
#endif
	if (!trace_run(&trace, spawn, subject))
		skip();
	trace_print(&trace);
	assert_int_equal(trace.status, 0);
	return &trace;
}

/* The first spawn sets once how fork treats a page. */
static void assert_no_memory_is_asked_for(const struct trace *trace, int advices)
{
	const long calls[] = {SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_brk};
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		assert_int_equal(trace_count(trace, calls[i]), 0);
	assert_between(trace_count(trace, SYS_madvise), 0, advices);
}

/* Not even as a last resort: each new process shares memory, and parks nobody. */
static void assert_no_fork(const struct trace *trace, int processes)
{
	int n = 0;
	for (int i = 0; i < trace->n_calls; i++) {
		const struct traced_call *c = &trace->calls[i];
		if (c->nr != SYS_clone && c->nr != NR_CLONE3)
			continue;
		assert_true((c->clone_flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM);
		n++;
	}
	assert_int_equal(n, processes);
	assert_int_equal(trace->n_forks, processes);
	assert_int_equal(trace->n_vforks + trace->n_clones, 0);
}

/* A handler that the program had must not run in a child that shares its memory. */
static void handlers_go_by_clone3_or_one_by_one(void **unused)
{
	(void)unused;
	const uint64_t clear_handlers = UINT64_C(1) << 32;
	struct subject subject = {.before = 1, .program = victim("NOTHING")};
	const struct trace *trace = trace_of(&subject);
	bool cleared = false, asked = false;
	for (int i = 0; i < trace->n_calls; i++) {
		const struct traced_call *c = &trace->calls[i];
		asked |= c->nr == NR_CLONE3;
		cleared |= c->nr == NR_CLONE3 && c->clone_flags & clear_handlers && c->result > 0;
	}
	if (!asked)
		assert_true(trace_count(trace, SYS_rt_sigaction) >= 60);
	else
		assert_true(cleared);
}

/* Those of the caller and of the child that begin before the exec ends. */
static int calls_until_exec(const struct trace *trace)
{
	int n = 0;
	while (n < trace->n_calls && trace->calls[n].nr != SYS_execve)
		n++;
	assert_true(n < trace->n_calls);
	return n + 1;
}

/* Rule 34: and no process but the child. */
static void the_first_spawn_takes_eight_until_exec(void **unused)
{
	(void)unused;
	const struct trace *trace = trace_of(&(struct subject){.program = victim("NOTHING")});
	assert_between(calls_until_exec(trace), 6, 8);
	assert_between(trace->n_calls, 6, 10);
	assert_no_memory_is_asked_for(trace, 1);
	assert_no_fork(trace, 1);
}

/* Mask, clone, mask, wait, and the mask twice for the pidfd; close_range, mask, exec. */
static void a_later_one_takes_seven_until_exec(void **unused)
{
	(void)unused;
	const struct trace *trace =
		trace_of(&(struct subject){.before = 1, .program = victim("NOTHING")});
	assert_between(calls_until_exec(trace), 6, 7);
	assert_between(trace->n_calls, 8, 9);
	assert_int_equal(trace_count(trace, NR_CLOSE_RANGE), 1);
	assert_int_equal(trace_count(trace, SYS_execve), 1);
	assert_no_memory_is_asked_for(trace, 0);
	assert_no_fork(trace, 1);
}

static void without_pidfd_it_takes_seven(void **unused)
{
	(void)unused;
	const struct trace *trace = trace_of(&(struct subject){.before = 1,
		.program = victim("NOTHING"),
		.options = SS_OPTIONS(.flags = SS_NO_PIDFD)});
	assert_between(trace->n_calls, 6, 7);
}

static void a_table_that_is_kept_takes_one_less(void **unused)
{
	(void)unused;
	const struct trace *trace = trace_of(&(struct subject){.before = 1,
		.program = victim("NOTHING"),
		.options = SS_OPTIONS(.flags = SS_KEEP_FDS)});
	assert_between(trace->n_calls, 7, 8);
}

/*
 * Per pipe: pipe2, dup3, close; one range closed between them and the cut; and signals are blocked
 * while the ends are closed and handed over.
 */
static void pipes_take_three_each(void **unused)
{
	(void)unused;
	const struct trace *trace = trace_of(&(struct subject){.before = 1,
		.program = victim("NOTHING"),
		.options = SS_OPTIONS(.in = SS_PIPE, .out = SS_PIPE, .err = SS_PIPE)});
	assert_between(trace->n_calls, 7, 19);
	assert_no_memory_is_asked_for(trace, 0);
	assert_no_fork(trace, 1);
}

/* Rule 12: nothing happens to the shared table before it is the child's own. */
static void the_shared_table_is_cut_first(void **unused)
{
	(void)unused;
	const struct ss_fd_map map[] = {{0, 9}, {1, 8}};
	const struct trace *trace = trace_of(&(struct subject){.before = 1,
		.program = victim("NOTHING"),
		.options = SS_OPTIONS(.fds = map, .n_fds = 2, .flags = SS_SET_OOM,
			.oom_score_adj = 500, .in = SS_NULL)});
	for (int i = 0; i < trace->n_calls; i++) {
		if (!trace->calls[i].child)
			continue;
		assert_int_equal(trace->calls[i].nr, NR_CLOSE_RANGE);
		assert_int_equal(trace->calls[i].args[2], 2); /* CLOSE_RANGE_UNSHARE */
		return;
	}
	fail();
}

/* Rule 35: what another thread has open for writing does not live until exec. */
static void what_is_below_the_cut_is_closed_at_once(void **unused)
{
	(void)unused;
	const struct trace *trace = trace_of(&(struct subject){.before = 1,
		.program = victim("NOTHING"),
		.options = SS_OPTIONS(.out = SS_PIPE, .flags = SS_NO_PIDFD)});
	int ranges = 0;
	for (int i = 0; i < trace->n_calls; i++) {
		if (!trace->calls[i].child || trace->calls[i].nr != NR_CLOSE_RANGE)
			continue;
		assert_int_equal(trace->calls[i].args[2], ranges ? 0 : 2);
		ranges++;
	}
	assert_int_equal(ranges, 2);
}

/* Rule 2: libc's would tell all threads; and the order is that of the rights they need. */
static void ids_are_set_in_order(void **unused)
{
	(void)unused;
	const gid_t groups[] = {1};
	const long order[] = {SYS_setgroups, SYS_setresgid, SYS_setresuid, SYS_prctl, SYS_getppid,
		SYS_rt_sigprocmask, SYS_execve};
	size_t next = 0;
	if (geteuid() != 0)
		skip();
	const struct trace *trace = trace_of(&(struct subject){.before = 1,
		.program = "/bin/true",
		.options = SS_OPTIONS(.flags = SS_SET_GROUPS | SS_SET_GID | SS_SET_UID,
			.groups = groups, .n_groups = 1, .gid = 1, .uid = 1,
			.pdeathsig = SIGKILL)});
	for (int i = 0; i < trace->n_calls; i++)
		if (trace->calls[i].child && next < sizeof order / sizeof order[0] &&
			trace->calls[i].nr == (uint64_t)order[next])
			next++;
	assert_int_equal(next, sizeof order / sizeof order[0]);
}

/* Rules 1 and 30. */
static void all_signals_are_blocked_for_the_clone_alone(void **unused)
{
	(void)unused;
	const struct trace *trace =
		trace_of(&(struct subject){.before = 1, .program = victim("NOTHING")});
	uint64_t blocked = 0;
	int clones = 0, waits = 0;
	bool given_back = false;
	for (int i = 0; i < trace->n_calls; i++) {
		const struct traced_call *c = &trace->calls[i];
		if (c->child)
			continue;
		if (c->nr == SYS_rt_sigprocmask)
			blocked = c->mask | (c->args[0] == SIG_BLOCK ? blocked : 0);
		if (c->nr == NR_CLONE3 || c->nr == SYS_clone) {
			assert_true(blocked == UINT64_MAX);
			clones++;
		} else if (clones && !given_back) {
			/* The next call restores the mask. */
			assert_true(blocked == 0);
			given_back = true;
		}
		assert_true(c->nr != SYS_futex || blocked == 0);
		waits += c->nr == SYS_futex;
	}
	assert_int_equal(clones, 1);
	assert_between(waits, 0, 1);
}

/* A handler that leaves between munmap and its record would have it unmapped twice. */
static void signals_are_blocked_while_memory_is_given_back(void **unused)
{
	(void)unused;
	static char argument[20000];
	char *const argv[] = {victim("NOTHING"), argument, NULL};
	memset(argument, 'a', sizeof argument - 1);
	struct subject subject = {.before = 1,
		.program = argv[0],
		.argv = argv,
		.options = SS_OPTIONS(.flags = SS_NO_PIDFD)};
	const struct trace *trace = trace_of(&subject);
	uint64_t blocked = 0;
	for (int i = 0; i < trace->n_calls; i++) {
		const struct traced_call *c = &trace->calls[i];
		if (!c->child && c->nr == SYS_rt_sigprocmask)
			blocked = c->mask | (c->args[0] == SIG_BLOCK ? blocked : 0);
		assert_true(c->nr != SYS_munmap || blocked == UINT64_MAX);
	}
	assert_int_equal(trace_count(trace, SYS_munmap), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(handlers_go_by_clone3_or_one_by_one),
		TEST(the_first_spawn_takes_eight_until_exec),
		TEST(a_later_one_takes_seven_until_exec),
		TEST(without_pidfd_it_takes_seven),
		TEST(a_table_that_is_kept_takes_one_less),
		TEST(pipes_take_three_each),
		TEST(the_shared_table_is_cut_first),
		TEST(what_is_below_the_cut_is_closed_at_once),
		TEST(ids_are_set_in_order),
		TEST(all_signals_are_blocked_for_the_clone_alone),
		TEST(signals_are_blocked_while_memory_is_given_back),
	};
	return RUN_TESTS(tests);
}
