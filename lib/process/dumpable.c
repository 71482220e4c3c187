/* SPDX-License-Identifier: MIT */
/*
 * Puts the dumpable flag back. A child that shares memory holds the flag for as long as it uses its
 * block. A forked process has none of these children. A handler that forked while its thread waits
 * for a child may return in the forked process, but the block belongs to another process, so
 * nothing is released there.
 */
#include "process/dumpable.h"

#include <sys/prctl.h>

#include "base/fork_count.h"

static _Alignas(32) struct {
	struct fork_count count;
	int flag;
} dumpable;
_Static_assert(sizeof dumpable <= 32, "on one page");

static __thread unsigned left_before_fork;

/* The change sets it to fs.suid_dumpable. A value of 2 cannot be set again. */
static void restore(void)
{
	if (dumpable.flag == 0 || dumpable.flag == 1)
		prctl(PR_SET_DUMPABLE, dumpable.flag, 0, 0, 0);
}

static void before_fork(void)
{
	left_before_fork = dumpable.count.left;
}

static void in_child(void)
{
	ss__fork_count_in_child(&dumpable.count, left_before_fork, 0, restore);
}

void ss__dumpable_hold(void)
{
	sigset_t mask;
	ss__fork_count_lock(&dumpable.count, before_fork, in_child, &mask);
	if (dumpable.count.holders == 0)
		dumpable.flag = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	dumpable.count.holders++;
	ss__fork_lock_leave(&dumpable.count.lock, &mask);
}

void ss__dumpable_release(void)
{
	ss__fork_count_release(&dumpable.count, restore);
}
