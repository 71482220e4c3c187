/* SPDX-License-Identifier: MIT */
/*
 * A lock that fork does not take. The word is 0 or the owner's thread ID, with a bit for waiters.
 */
#include "base/fork_lock.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAITED 0x80000000U

/* Newer 32-bit machines have only this call. */
#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif
#define WAIT_PRIVATE 128
#define WAKE_PRIVATE 129

static void await_change(struct fork_lock *lock, unsigned word)
{
	syscall(SYS_futex, &lock->word, WAIT_PRIVATE, word, NULL);
}

/*
 * Whether fork left the owner behind: it is no thread of this process. A thread that has ended
 * looks the same, but has released the lock before. In another pid namespace its number may be
 * ours.
 */
static bool is_left_behind(unsigned thread, unsigned mine)
{
	return thread == mine ||
	       (syscall(SYS_tgkill, getpid(), (pid_t)thread, 0) < 0 && errno == ESRCH);
}

static void take(struct fork_lock *lock)
{
	const unsigned mine = (unsigned)syscall(SYS_gettid);
	unsigned wanted = mine, seen = 0;

	while (!atomic_compare_exchange_strong(&lock->word, &seen, wanted)) {
		/* The next try takes the lock over, or finds a new owner. */
		if (seen == 0 || is_left_behind(seen & ~WAITED, mine))
			continue;
		const unsigned waited = seen | WAITED;
		if (seen == waited || atomic_compare_exchange_strong(&lock->word, &seen, waited))
			await_change(lock, waited);
		wanted = mine | WAITED;
		seen = 0;
	}
}

void ss__fork_lock_take(struct fork_lock *lock, sigset_t *mask)
{
	int saved_errno = errno;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, mask);
	take(lock);
	errno = saved_errno;
}

void ss__fork_lock_leave(struct fork_lock *lock, const sigset_t *mask)
{
	int saved_errno = errno;

	if (atomic_exchange(&lock->word, 0) & WAITED)
		syscall(SYS_futex, &lock->word, WAKE_PRIVATE, 1);
	pthread_sigmask(SIG_SETMASK, mask, NULL);
	errno = saved_errno;
}
