/* SPDX-License-Identifier: MIT */
/*
 * Rule 32: a stop signal that reaches the child before it has left its caller's process group. Here
 * a tracer sends it just then.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "leak.h"
#include "trace.h"

static const int stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};
enum { N_STOPS = sizeof stops / sizeof stops[0] };

struct subject {
	uint64_t flags;
	int ignored; /* a signal, or 0 */
};

static unsigned long long ignored_signals(const struct state *state)
{
	const char *value = state_get(state, "SigIgn");
	return value ? strtoull(value, NULL, 16) : 0;
}

static void spawn(void *arg)
{
	const struct subject *s = arg;
	static struct state state;
	if (s->ignored)
		signal(s->ignored, SIG_IGN);
	trace_begin();
	state_of(&state, OPTIONS(.flags = s->flags));
	trace_end();
	if (s->ignored && !(ignored_signals(&state) >> (s->ignored - 1) & 1))
		_exit(1);
}

/* How many of the signals sent came through. */
static int came_through(struct subject *subject, long at, int sig)
{
	static struct trace trace;
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
	skip();
#endif
	trace_send(at, sig);
	if (!trace_run(&trace, spawn, subject))
		skip();
	assert_int_equal(trace.status, 0);
	assert_int_equal(trace.n_sent, 1);
	return trace.n_delivered;
}

static void in_a_group_of_its_own_it_is_discarded(void **unused)
{
	(void)unused;
	needs_clone();
	for (int i = 0; i < N_STOPS; i++) {
		struct subject subject = {.flags = SS_NEW_GROUP};
		assert_int_equal(came_through(&subject, SYS_setpgid, stops[i]), 0);
	}
}

static void in_a_session_of_its_own_it_is_discarded(void **unused)
{
	(void)unused;
	needs_clone();
	for (int i = 0; i < N_STOPS; i++) {
		struct subject subject = {.flags = SS_NEW_SESSION};
		assert_int_equal(came_through(&subject, SYS_setsid, stops[i]), 0);
	}
}

static void what_is_ignored_stays_so(void **unused)
{
	(void)unused;
	needs_clone();
	for (int i = 0; i < N_STOPS; i++) {
		struct subject subject = {.flags = SS_NEW_GROUP, .ignored = stops[i]};
		assert_int_equal(came_through(&subject, SYS_setpgid, stops[i]), 0);
	}
}

static void another_signal_comes_through(void **unused)
{
	(void)unused;
	needs_clone();
	struct subject subject = {.flags = SS_NEW_GROUP};
	assert_int_equal(came_through(&subject, SYS_setpgid, SIGWINCH), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_a_group_of_its_own_it_is_discarded),
		TEST(in_a_session_of_its_own_it_is_discarded),
		TEST(what_is_ignored_stays_so),
		TEST(another_signal_comes_through),
	};
	return RUN_TESTS(tests);
}
