/* SPDX-License-Identifier: MIT */
/* Counts the holders of a changed setting. The last one restores it; so does a forked child. */
#include "base/fork_count.h"

#include <pthread.h>

/* pthread_atfork is called under the lock: a handler that forks must not interrupt libc in it. */
void ss__fork_count_lock(
	struct fork_count *count, void (*before_fork)(void), void (*in_child)(void), sigset_t *mask)
{
	ss__fork_lock_take(&count->lock, mask);
	if (!count->watched)
		pthread_atfork(before_fork, NULL, in_child);
	count->watched = true;
}

void ss__fork_count_release(struct fork_count *count, void (*restore)(void))
{
	sigset_t mask;
	ss__fork_lock_take(&count->lock, &mask);
	if (count->holders == 1)
		restore();
	count->left++;
	count->holders--;
	ss__fork_lock_leave(&count->lock, &mask);
}

void ss__fork_count_in_child(
	struct fork_count *count, unsigned left, unsigned own, void (*restore)(void))
{
	if (own == 0 && (count->holders > 0 || count->left != left))
		restore();
	count->holders = own;
}
