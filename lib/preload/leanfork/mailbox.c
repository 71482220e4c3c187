/* SPDX-License-Identifier: MIT */
/* The memory that a lean child and its parent share: requests, answers, sleep. */
#include "preload/leanfork/mailbox.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/leanfork/gate.h"

/* After so many naps a child takes a parent for gone that it cannot see. */
#define NAPS_MAX 400

static long futex(_Atomic uint32_t *word, int op, uint32_t value)
{
	struct timespec nap = {0, MAILBOX_NAP_MS * 1000000L};
	return gate4(SYS_futex, word, op, value, op == FUTEX_WAIT ? &nap : NULL);
}

struct mailbox *mailbox_create(void)
{
	long at = gate6(SYS_mmap, 0, sizeof(struct mailbox), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096)
		return NULL;
	struct mailbox *mail = (struct mailbox *)at;
	atomic_store(&mail->owner, FUTEX_WAITERS);
	mail->call = LEAN_NO_CALL;
	return mail;
}

void mailbox_destroy(struct mailbox *mail)
{
	gate2(SYS_munmap, mail, sizeof *mail);
}

/* In a robust list each lock is at this offset from its link. */
static void link_owner(struct mailbox *mail, long offset, uintptr_t next)
{
	struct robust_link link = {next};
	uintptr_t at = (uintptr_t)&mail->owner - (uintptr_t)offset;
	copy_bytes((void *)at, &link, sizeof link);
	mail->robust.futex_offset = offset;
	mail->robust.list.next = at;
}

static bool has_room(long offset)
{
	long size = sizeof(struct robust_link);
	return offset % 4 == 0 && (offset <= -4 || offset >= size) && offset <= ROBUST_REACH &&
	       offset >= size - ROBUST_REACH;
}

void mailbox_chain(struct mailbox *mail, const struct robust_head *program)
{
	if (has_room(program->futex_offset))
		link_owner(mail, program->futex_offset, (uintptr_t)&program->list);
}

long mailbox_own(struct mailbox *mail, uint32_t tid)
{
	link_owner(mail, -(long)sizeof(struct robust_link), (uintptr_t)&mail->robust.list);
	mail->robust.pending = 0;
	long r = gate2(SYS_set_robust_list, &mail->robust, sizeof mail->robust);
	if (r == 0)
		atomic_store(&mail->owner, tid | FUTEX_WAITERS);
	return r;
}

void mailbox_progress(struct mailbox *mail, enum progress progress)
{
	if (atomic_load(&mail->progress) < progress)
		atomic_store(&mail->progress, progress);
}

void mailbox_call(struct mailbox *mail)
{
	atomic_fetch_and(&mail->owner, ~FUTEX_WAITERS);
	futex(&mail->owner, FUTEX_WAKE, 1);
}

/* getppid is 0 if the parent is outside the pid namespace. Then only time tells. */
static bool parent_gone(int parent, int naps)
{
	int now = (int)gate0(SYS_getppid);
	return (now && now != parent) || naps >= NAPS_MAX;
}

bool mailbox_ask(struct mailbox *mail, struct span at, int parent)
{
	uint32_t seen = atomic_load(&mail->answered);
	int naps = 0;

	mail->start = at.start;
	mail->end = at.end;
	mailbox_call(mail);
	while (atomic_load(&mail->answered) == seen)
		if (futex(&mail->answered, FUTEX_WAIT, seen) == -ETIMEDOUT &&
			parent_gone(parent, ++naps))
			return false;
	return true;
}

void mailbox_confirm(struct mailbox *mail, int parent)
{
	mailbox_ask(mail, (struct span){0, 0}, parent);
}

bool mailbox_go_on(struct mailbox *mail, enum stage from, enum stage to)
{
	uint32_t seen = from;
	return atomic_compare_exchange_strong(&mail->stage, &seen, to);
}

void mailbox_answer(struct mailbox *mail)
{
	atomic_fetch_or(&mail->owner, FUTEX_WAITERS);
	atomic_fetch_add(&mail->answered, 1);
	futex(&mail->answered, FUTEX_WAKE, 1);
}

enum news mailbox_wait(struct mailbox *mail)
{
	for (;;) {
		uint32_t word = atomic_load(&mail->owner);
		if (word & FUTEX_OWNER_DIED)
			return NEWS_ENDED;
		if (!(word & FUTEX_WAITERS))
			return NEWS_WANTED;
		if (futex(&mail->owner, FUTEX_WAIT, word) == -ETIMEDOUT)
			return NEWS_NONE;
	}
}
