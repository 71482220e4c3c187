/* SPDX-License-Identifier: MIT */
/*
 * The queue of the process's forks. Hazards:
 *
 *  1. A signal handler may fork in the middle of its thread's fork. So signals are blocked from the
 *     queue's guard to the end of the wait, and while a queue begins: nobody waits for a turn while
 *     a handler can run.
 *  2. A child may be made past the shim at any moment and inherits the queue as it is. A queue
 *     belongs to one process; a process that finds another's begins a new one.
 *  3. A native fork may wait for a lock whose holder waits for its turn. So a lean fork that waits
 *     for such native forks steps aside, and those behind it go on.
 *  4. A native fork that a handler has left by a jump never ends. Nobody waits for it for ever.
 *  5. A lean fork whose waits nobody sees may itself wait for such a lock before its clone. Who has
 *     waited long takes the turn from it, and it goes on natively.
 *  6. The machine may be busy and the process may be stopped. Only naps that this thread has slept
 *     count, and only if no turn has changed hands meanwhile.
 */
#include "preload/leanfork/parent_lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "preload/leanfork/gate.h"
#include "preload/leanfork/kernel_signals.h"
#include "preload/leanfork/parent_signals.h"

/* a bit of `holders`; the others count native forks */
#define LEAN (UINT32_C(1) << 31)
#define QUEUED (UINT32_C(1) << 30)
#define NATIVE (QUEUED - 1)

#define NAP_NS 20000000L
#define STUCK_NAPS 10 /* native forks in a lean one's way: 200 ms */
#define OVERTAKE_NAPS 5
#define MOST_NAPS 1500 /* longer than any lean fork: 30 s */
#define MOST_SIGNALS 20

struct waiter {
	struct waiter *next;
	_Atomic uint32_t has_turn;
	bool lean;
};

static struct {
	_Atomic int pid; /* owner of the queue; negative: this process is about to begin it */
	_Atomic uint32_t guard;
	_Atomic uint32_t holders;
	_Atomic uint32_t turns; /* so far */
	const void *exposed;    /* the thread whose lean fork may be overtaken, by its `depth` */
	struct waiter *first;
} queue;

/* Nested native forks of this thread, and the process that they are in. */
static _Thread_local int depth, depth_pid;
static _Thread_local bool leads;   /* this thread's fork is the lean one */
static _Thread_local bool exposed; /* others may have overtaken it */

static long sleep_on(_Atomic uint32_t *word, uint32_t seen)
{
	/* the kernel's timespec, whatever libc's time_t is */
	const struct {
		long s, ns;
	} at_most = {0, NAP_NS};
	return gate4(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, &at_most);
}

static void wake(_Atomic uint32_t *word)
{
	gate3(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

static void begin_queue(int pid)
{
	atomic_store(&queue.guard, 0);
	atomic_store(&queue.holders, 0);
	queue.exposed = NULL;
	queue.first = NULL;
	atomic_store(&queue.pid, pid);
}

static void take_over(int pid)
{
	int seen = atomic_load(&queue.pid);
	while (seen != pid) {
		if (seen != -pid && atomic_compare_exchange_strong(&queue.pid, &seen, -pid)) {
			begin_queue(pid);
			return;
		}
		relax();
		seen = atomic_load(&queue.pid);
	}
}

/* Hazards 1 and 2: a handler that forks in the middle would wait for this very thread. */
static void own_queue(void)
{
	int pid = (int)gate0(SYS_getpid);
	uint64_t mask = 0;
	if (depth_pid != pid) {
		depth = 0;
		leads = exposed = false;
		depth_pid = pid;
	}
	if (atomic_load(&queue.pid) == pid)
		return;
	set_mask(UINT64_MAX, &mask);
	take_over(pid);
	set_mask(mask, NULL);
}

/* Hazard 1. Returns the previous signal mask. */
static uint64_t guard(void)
{
	uint64_t mask = 0;
	uint32_t seen = 0;
	set_mask(UINT64_MAX, &mask);
	if (atomic_compare_exchange_strong(&queue.guard, &seen, 1))
		return mask;
	while (atomic_exchange(&queue.guard, 2) != 0)
		sleep_on(&queue.guard, 2);
	return mask;
}

static void unguard(uint64_t mask)
{
	if (atomic_exchange(&queue.guard, 0) == 2)
		wake(&queue.guard);
	set_mask(mask, NULL);
}

/* Takes the turn if nothing is in the way. */
static bool take(bool lean)
{
	uint32_t seen = atomic_load(&queue.holders);
	while (!(seen & LEAN) && !(lean && seen & NATIVE))
		if (atomic_compare_exchange_weak(
			    &queue.holders, &seen, lean ? seen | LEAN : seen + 1))
			return true;
	return false;
}

/* The guard is held, here and in all that follows. */
static void hand_out(void)
{
	while (queue.first && take(queue.first->lean)) {
		struct waiter *next = queue.first;
		queue.first = next->next;
		atomic_fetch_add(&queue.turns, 1);
		atomic_store(&next->has_turn, 1);
		wake(&next->has_turn);
	}
	if (!queue.first)
		atomic_fetch_and(&queue.holders, ~QUEUED);
}

static void enqueue(struct waiter *waiter)
{
	struct waiter **end = &queue.first;
	while (*end)
		end = &(*end)->next;
	*end = waiter;
	atomic_fetch_or(&queue.holders, QUEUED);
	hand_out();
}

/* Returns whether the lean fork had not got its turn by then. */
static bool withdraw(struct waiter *waiter)
{
	uint64_t mask = guard();
	bool without = !atomic_load(&waiter->has_turn);
	struct waiter **at = &queue.first;
	while (without && *at != waiter)
		at = &(*at)->next;
	if (without)
		*at = waiter->next;
	hand_out();
	unguard(mask);
	return without;
}

static void turn_over(uint32_t holders)
{
	atomic_fetch_add(&queue.turns, 1);
	if (!(holders & QUEUED) || holders & LEAN)
		return;
	uint64_t mask = guard();
	hand_out();
	unguard(mask);
}

/* The lean fork is a native one from now on. */
static void count_as_native(void)
{
	uint32_t seen = atomic_load(&queue.holders);
	while (!atomic_compare_exchange_weak(&queue.holders, &seen, (seen & ~LEAN) + 1))
		;
}

/* Hazard 5. */
static void overtake(void)
{
	uint64_t mask = guard();
	if (queue.exposed) {
		queue.exposed = NULL;
		count_as_native();
		atomic_fetch_add(&queue.turns, 1);
		hand_out();
	}
	unguard(mask);
}

struct wait {
	uint64_t mask; /* the program's: a signal not in it ends the wait */
	uint32_t turns;
	int fruitless; /* naps without a turn that changed hands */
};

static void nap(struct waiter *waiter, struct wait *wait)
{
	long r = sleep_on(&waiter->has_turn, 0);
	uint32_t turns = atomic_load(&queue.turns);
	wait->fruitless = turns != wait->turns ? 0 : wait->fruitless + (r == -ETIMEDOUT);
	wait->turns = turns;
}

/* Hazards 3, 4 and 6. */
static bool is_stuck(const struct wait *wait, bool lean)
{
	bool natives_only = !(atomic_load(&queue.holders) & LEAN);
	return wait->fruitless >= (lean && natives_only ? STUCK_NAPS : MOST_NAPS);
}

static enum turn wait_turn(bool lean, uint64_t heeded)
{
	struct waiter waiter = {.lean = lean};
	struct wait wait = {.mask = heeded, .turns = atomic_load(&queue.turns)};
	uint64_t mask = guard();
	enqueue(&waiter);
	unguard(mask);
	while (!atomic_load(&waiter.has_turn)) {
		nap(&waiter, &wait);
		if (wait.fruitless >= OVERTAKE_NAPS)
			overtake();
		enum turn turn = pending_arrived(wait.mask) ? TURN_SIGNAL
				 : is_stuck(&wait, lean)    ? TURN_REFUSED
							    : TURN_TAKEN;
		if (turn != TURN_TAKEN && withdraw(&waiter))
			return turn;
	}
	return TURN_TAKEN;
}

/* Returns whether the lean fork has the turn. */
static bool wait_natively(void)
{
	uint64_t mask = 0;
	enum turn turn = TURN_SIGNAL;
	for (int signals = 0; turn == TURN_SIGNAL; signals++) {
		set_mask(UINT64_MAX, &mask);
		turn = wait_turn(false, signals < MOST_SIGNALS ? mask : UINT64_MAX);
		set_mask(mask, NULL);
	}
	return turn == TURN_TAKEN;
}

static bool take_at_once(bool lean)
{
	return !(atomic_load(&queue.holders) & QUEUED) && take(lean);
}

bool lock_native(void)
{
	own_queue();
	if (depth++ > 0 || leads) {
		atomic_fetch_add(&queue.holders, 1);
		return true;
	}
	if (take_at_once(false) || wait_natively())
		return true;
	depth--;
	return false;
}

void unlock_native(void)
{
	own_queue();
	if (depth == 0) /* a handler has made this process in the middle of a fork */
		return;
	depth--;
	turn_over(atomic_fetch_sub(&queue.holders, 1) - 1);
}

/* Hazard 4. */
static bool take_in_spite(void)
{
	uint32_t seen = atomic_load(&queue.holders);
	while (!(seen & LEAN))
		if (atomic_compare_exchange_weak(&queue.holders, &seen, seen | LEAN))
			return true;
	return false;
}

enum turn lock_lean(uint64_t mask, bool insist)
{
	own_queue();
	if (depth > 0 || leads)
		return TURN_REFUSED;
	enum turn turn = take_at_once(true) ? TURN_TAKEN : wait_turn(true, mask);
	if (turn == TURN_REFUSED && insist && take_in_spite())
		turn = TURN_TAKEN;
	leads = turn == TURN_TAKEN;
	return turn;
}

bool lock_lean_at_once(void)
{
	own_queue();
	if (depth > 0 || leads || !take_at_once(true))
		return false;
	leads = true;
	return true;
}

void lock_expose(void)
{
	uint64_t mask = guard();
	queue.exposed = &depth;
	exposed = true;
	unguard(mask);
}

bool lock_keep(void)
{
	own_queue();
	if (!exposed)
		return true;
	uint64_t mask = guard();
	bool kept = queue.exposed == &depth;
	if (kept)
		queue.exposed = NULL;
	exposed = false;
	unguard(mask);
	if (kept)
		return true;
	depth++;
	leads = false;
	return false;
}

void unlock_lean(void)
{
	leads = false;
	turn_over(atomic_fetch_and(&queue.holders, ~LEAN) & ~LEAN);
}

bool lock_is_nested(void)
{
	return depth > 0;
}

void lock_become_native(void)
{
	if (!lock_keep())
		return;
	depth++;
	leads = false;
	count_as_native();
	turn_over(atomic_load(&queue.holders));
}

void lock_reset(void)
{
	atomic_store(&queue.pid, 0);
	depth = 0;
	leads = exposed = false;
}
