/* SPDX-License-Identifier: MIT */
/* fork of the shim: native, lean, or rescued. */
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "preload/plt/plt.h"
#include "preload/leanfork/leanfork.h"
#include "preload/call_sites.h"
#include "preload/next.h"
#include "preload/report.h"
#include "preload/sandbox.h"
#include "preload/settings.h"
#include "preload/exported.h"

#define LEAST_RANGE (UINT64_C(1) << 20)
#define LEAST_RANGE_FORCED (UINT64_C(1) << 16)

/* SAFESPAWN_MIN=0 is for tests: every fork is lean, even for small mappings, and no call site is
 * remembered. */
static struct lean_options options_for(enum lean_kind kind)
{
	uint64_t min = settings()->min_bytes;
	return (struct lean_options){
		.kind = kind,
		.least_total = kind == LEAN_EAGER ? min : 1,
		.least_range = min ? LEAST_RANGE : LEAST_RANGE_FORCED,
		.learn = kind == LEAN_EAGER && min > 0,
		.libc_fork = next_fork,
	};
}

static void note_site(uintptr_t site, const struct lean_result *result)
{
	bool restarted = result->outcome == LEAN_RESTARTED;
	if (result->outcome != LEAN_NATIVE)
		sites_note(site, !restarted                    ? SITE_LEAN
				 : result->reason == LEAN_TIME ? SITE_TIMED_OUT
							       : SITE_RESTARTED);
}

static pid_t eager(uintptr_t site, struct lean_result *result)
{
	struct lean_options options = options_for(LEAN_EAGER);
	result->outcome = LEAN_NATIVE;
	bool forced = settings()->min_bytes == 0;
	if (lean_is_child())
		return next_fork();
	if ((!forced && !sites_allow(site)) || lean_estimate() < options.least_total)
		return lean_native(next_fork);
	pid_t pid = lean_fork(&options, result);
	if (pid > 0)
		note_site(site, result);
	return pid;
}

static pid_t usual(enum fork_mode mode, uintptr_t site, struct lean_result *result)
{
	return mode == FORK_LEAN  ? eager(site, result)
	       : mode == FORK_OFF ? next_fork()
				  : lean_native(next_fork);
}

static pid_t rescue(bool untried, struct lean_result *result)
{
	struct lean_options options = options_for(LEAN_RESCUE);
	options.untried = untried;
	return lean_fork(&options, result);
}

_Static_assert(REPORT_WHY_CALL + LEAN_REASONS - LEAN_CALL == REPORT_COUNTS, "a count for each");

static void count_reason(const struct lean_result *result)
{
	if (result->reason != LEAN_FINE)
		report_add(REPORT_WHY_CALL + result->reason - LEAN_CALL, 1);
	if (result->call != LEAN_NO_CALL)
		report_call(result->call);
}

static void count(pid_t pid, const struct lean_result *result, bool rescued, uint64_t start_ns)
{
	bool lean = result->outcome == LEAN_DONE;
	report_add(REPORT_FORK, 1);
	report_add(pid < 0   ? REPORT_FORK_FAILED
		   : !lean   ? REPORT_FORK_NATIVE
		   : rescued ? REPORT_FORK_RESCUED
			     : REPORT_FORK_LEAN,
		1);
	if (result->outcome == LEAN_RESTARTED && pid > 0)
		report_add(REPORT_FORK_RESTARTED, 1);
	report_add(REPORT_UNCHARGED_BYTES, lean ? result->bytes : 0);
	report_add(REPORT_CHUNKS, result->chunks);
	report_add(REPORT_FORK_NS, ss__now_ns() - start_ns);
	count_reason(result);
	report_publish();
}

static pid_t counted_fork(uintptr_t site)
{
	enum fork_mode mode = settings()->fork;
	struct lean_result result = {.outcome = LEAN_NATIVE, .call = LEAN_NO_CALL};
	uint64_t start_ns = ss__now_ns();
	int saved_errno = errno;

	bool rescued = mode != FORK_OFF && lean_refused();
	pid_t pid = rescued ? rescue(true, &result) : usual(mode, site, &result);
	if (pid < 0 && errno == ENOMEM && mode != FORK_OFF && !rescued) {
		rescued = true;
		pid = rescue(false, &result);
	}
	if (pid == 0) {
		report_child();
		return 0;
	}
	count(pid, &result, rescued, start_ns);
	if (pid > 0)
		errno = saved_errno;
	return pid;
}

EXPORTED pid_t fork(void)
{
	if (!lazy_bind())
		return next_fork();
	if (sandbox_entered())
		return lean_native(next_fork);
	return counted_fork((uintptr_t)__builtin_return_address(0));
}
