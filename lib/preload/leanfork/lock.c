/* SPDX-License-Identifier: MIT */
#include "preload/leanfork/lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/leanfork/gate.h"

/* 0: free. LEAN: held by a lean fork. Else the number of native ones. */
#define LEAN UINT32_MAX

static _Atomic uint32_t holders;
static _Atomic uint32_t sleepers;
static _Atomic int lean_pid;
static _Thread_local int depth; /* native forks of this thread */

/* How long to wait for a lean fork in the way: beyond its own limits. */
#define NAP_NS 20000000L
#define NATIVE_NAPS 1500
#define LEAN_NAPS 50
#define IMPATIENT_NAPS 10

/* Returns whether nothing has happened. */
static bool nap(uint32_t seen)
{
	struct timespec at_most = {0, NAP_NS};
	atomic_fetch_add(&sleepers, 1);
	long r = gate4(SYS_futex, &holders, FUTEX_WAIT_PRIVATE, seen, &at_most);
	atomic_fetch_sub(&sleepers, 1);
	return r == -ETIMEDOUT;
}

static void wake(void)
{
	if (atomic_load(&sleepers))
		gate3(SYS_futex, &holders, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

/* A child made past the shim may have inherited the lock of a lean fork. */
static bool stale(void)
{
	return atomic_load(&lean_pid) != (int)gate0(SYS_getpid);
}

void lock_native(void)
{
	uint32_t seen = atomic_load(&holders);
	int naps = 0;
	depth++;
	for (;;) {
		if (seen == LEAN && !stale() && naps++ < NATIVE_NAPS) {
			nap(seen);
			seen = atomic_load(&holders);
			continue;
		}
		uint32_t more = seen == LEAN ? 1 : seen + 1;
		if (atomic_compare_exchange_weak(&holders, &seen, more))
			return;
	}
}

void lock_become_native(void)
{
	depth++;
	atomic_store(&holders, 1);
	wake();
}

/* Not held by whom a signal handler has made in the middle of a fork. */
void unlock_native(void)
{
	uint32_t seen = atomic_load(&holders);
	if (depth == 0)
		return;
	depth--;
	while (seen != 0 && seen != LEAN)
		if (atomic_compare_exchange_weak(&holders, &seen, seen - 1))
			break;
	wake();
}

bool lock_lean(bool patient)
{
	int fruitless = 0; /* naps during which native forks have not moved */
	for (int naps = 0; depth == 0 && naps < LEAN_NAPS; naps++) {
		uint32_t seen = 0;
		if (atomic_compare_exchange_strong(&holders, &seen, LEAN)) {
			atomic_store(&lean_pid, (int)gate0(SYS_getpid));
			return true;
		}
		if (nap(seen) && seen != LEAN && ++fruitless == IMPATIENT_NAPS && !patient)
			return false;
	}
	return false;
}

void unlock_lean(void)
{
	atomic_store(&holders, 0);
	wake();
}

void lock_reset(void)
{
	atomic_store(&holders, 0);
	atomic_store(&sleepers, 0);
	depth = 0;
}
